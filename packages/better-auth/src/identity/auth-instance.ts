import type { AuthContext } from "better-auth";

/** What `betterAuth({ … })` returns, as far as Halyard looks at it. Its own types of `user` and `session` flow through. */
export interface BetterAuthInstance {
  readonly $Infer: {
    readonly Session: { readonly user: { readonly id: string }; readonly session: { readonly id: string } };
  };
  readonly $context: Promise<unknown>;
}

/** `{ user, session }`, with additional fields and the plugins' own, as this instance of Better Auth declares them. */
export type SessionOf<TAuth extends BetterAuthInstance> = TAuth["$Infer"]["Session"];

/** The part of an instance that works on every configuration; its own types depend on the plugins. */
export interface AuthRuntime {
  readonly $context: Promise<AuthContext>;
  readonly api: {
    getSession(input: {
      readonly headers: Headers;
      readonly query: { readonly disableCookieCache: boolean; readonly disableRefresh: boolean };
    }): Promise<unknown>;
  };
}

/** @throws TypeError when this is not what `betterAuth()` returned */
export function runtimeOf(auth: BetterAuthInstance): AuthRuntime {
  if (!isRuntime(auth)) throw new TypeError("betterAuthAuthenticator needs what betterAuth({ … }) returned.");
  return auth;
}

function isRuntime(auth: BetterAuthInstance): auth is BetterAuthInstance & AuthRuntime {
  const { api } = auth as { readonly api?: { readonly getSession?: unknown } };
  return typeof api?.getSession === "function";
}
