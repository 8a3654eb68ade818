import type { Authenticator } from "@halyard/server";
import { betterAuth } from "better-auth";
import { admin } from "better-auth/plugins";
import { expectTypeOf } from "vitest";
import { betterAuthAuthenticator } from "./authenticator.js";

type IdentityOf<TAuthenticator> = TAuthenticator extends Authenticator<infer TIdentity> ? TIdentity : never;

const plain = betterAuthAuthenticator(betterAuth({}));
expectTypeOf<IdentityOf<typeof plain>["user"]["email"]>().toEqualTypeOf<string>();
expectTypeOf<IdentityOf<typeof plain>["session"]["expiresAt"]>().toEqualTypeOf<Date>();
// @ts-expect-error there is no role without the admin plugin
export type RoleOfPlain = IdentityOf<typeof plain>["user"]["role"];

const rich = betterAuth({
  plugins: [admin()],
  user: { additionalFields: { team: { type: "string", required: true } } },
});
const authenticator = betterAuthAuthenticator(rich);
expectTypeOf(authenticator).toEqualTypeOf<Authenticator<(typeof rich)["$Infer"]["Session"]>>();
expectTypeOf<IdentityOf<typeof authenticator>["user"]["team"]>().toEqualTypeOf<string>();
expectTypeOf<IdentityOf<typeof authenticator>["user"]["role"]>().toEqualTypeOf<string | null | undefined>();
expectTypeOf<IdentityOf<typeof authenticator>["session"]["impersonatedBy"]>().toEqualTypeOf<
  string | null | undefined
>();

// @ts-expect-error this is not what betterAuth() returns
betterAuthAuthenticator({});
