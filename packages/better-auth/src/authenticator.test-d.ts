import type { Authenticator, createWebSocketSystem } from "@halyard/server";
import { betterAuth } from "better-auth";
import { admin, organization } from "better-auth/plugins";
import { expectTypeOf } from "vitest";
import { betterAuthAuthenticator } from "./authenticator.ts";

type IdentityOf<TAuthenticator> = TAuthenticator extends Authenticator<infer TIdentity> ? TIdentity : never;

const _plain = betterAuthAuthenticator(betterAuth({}));
expectTypeOf<IdentityOf<typeof _plain>["user"]["email"]>().toEqualTypeOf<string>();
expectTypeOf<IdentityOf<typeof _plain>["session"]["expiresAt"]>().toEqualTypeOf<Date>();
// @ts-expect-error there is no role without the admin plugin
export type RoleOfPlain = IdentityOf<typeof _plain>["user"]["role"];

const rich = betterAuth({
  plugins: [admin()],
  user: { additionalFields: { team: { type: "string", required: true } } },
});
const authenticator = betterAuthAuthenticator(rich);
expectTypeOf(authenticator).toExtend<Authenticator<(typeof rich)["$Infer"]["Session"]>>();
expectTypeOf<IdentityOf<typeof authenticator>["user"]["team"]>().toEqualTypeOf<string>();
expectTypeOf<IdentityOf<typeof authenticator>["user"]["role"]>().toEqualTypeOf<string | null | undefined>();
expectTypeOf<IdentityOf<typeof authenticator>["session"]["impersonatedBy"]>().toEqualTypeOf<
  string | null | undefined
>();

const _team = betterAuthAuthenticator(betterAuth({ plugins: [organization()] }));
expectTypeOf<IdentityOf<typeof _team>["session"]["activeOrganizationId"]>().toEqualTypeOf<
  string | null | undefined
>();
// @ts-expect-error there is no organization without its plugin
export type OrganizationOfPlain = IdentityOf<typeof _plain>["session"]["activeOrganizationId"];
// @ts-expect-error there is no impersonation without the admin plugin
export type ImpersonatorOfTeam = IdentityOf<typeof _team>["session"]["impersonatedBy"];

// Handlers and hooks get the user type of the application's own Better Auth.
declare const createSystem: typeof createWebSocketSystem;
createSystem({
  authenticate: betterAuthAuthenticator(rich),
  authorize: ({ user, session }) => {
    expectTypeOf(user.team).toEqualTypeOf<string>();
    expectTypeOf(session.token).toEqualTypeOf<string>();
    return user.role === "admin";
  },
  onConnect: ({ user }) => {
    expectTypeOf(user.role).toEqualTypeOf<string | null | undefined>();
    // @ts-expect-error the user has no such field
    return user.nothing as unknown;
  },
}).handlers.on("chat_message", (_message, { user }) => {
  expectTypeOf(user.team).toEqualTypeOf<string>();
});

createSystem({
  authenticate: betterAuthAuthenticator(betterAuth({ plugins: [organization()] })),
  authorize: ({ session, room }) => {
    expectTypeOf(session.activeOrganizationId).toEqualTypeOf<string | null | undefined>();
    return room === session.activeOrganizationId;
  },
}).handlers.on("chat_message", (_message, { session }) => {
  expectTypeOf(session.activeOrganizationId).toEqualTypeOf<string | null | undefined>();
});

// @ts-expect-error this is not what betterAuth() returns
betterAuthAuthenticator({});
