// The types of a Better Auth instance: what an application passes in, and what Halyard calls.
// The authenticator checks the instance once with `authApiOf`; every other file takes the result.
// Guarantees that the application's own types of `user` and `session` reach its handlers unchanged.
import type { AuthContext } from "better-auth";

/** The part of a `betterAuth({ … })` instance that Halyard needs. The instance's own types of `user` and `session` are kept. */
export interface BetterAuthInstance {
  readonly $Infer: {
    readonly Session: { readonly user: { readonly id: string }; readonly session: { readonly id: string } };
  };
  readonly $context: Promise<unknown>;
}

/** `{ user, session }` as this instance of Better Auth declares them, with additional fields and those of its plugins. */
export type SessionOf<TAuth extends BetterAuthInstance> = TAuth["$Infer"]["Session"];

/** The part of an instance that Halyard calls. Better Auth's own type of it depends on the plugins. */
export interface AuthApi {
  readonly $context: Promise<AuthContext>;
  readonly api: {
    getSession(input: {
      readonly headers: Headers;
      readonly query: { readonly disableCookieCache: boolean; readonly disableRefresh: boolean };
    }): Promise<unknown>;
  };
}

/** @throws TypeError when `auth` is not what `betterAuth()` returned */
export function authApiOf(auth: BetterAuthInstance): AuthApi {
  if (!hasAuthApi(auth))
    throw new TypeError("betterAuthAuthenticator needs what betterAuth({ … }) returned.");
  return auth;
}

function hasAuthApi(auth: BetterAuthInstance): auth is BetterAuthInstance & AuthApi {
  const { api } = auth as { readonly api?: { readonly getSession?: unknown } };
  return typeof api?.getSession === "function";
}
