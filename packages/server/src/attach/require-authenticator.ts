import type { AnyAuthenticator } from "../session-watch.ts";

/**
 * Every connection needs a user: without an authenticator every upgrade would be refused.
 *
 * @param authenticators the authenticator of this call, and that of the system
 * @throws TypeError when there is none, or when one is not an authenticator
 */
export function requireAuthenticator(...authenticators: readonly (AnyAuthenticator | undefined)[]): void {
  const authenticator = authenticators.find((given) => given !== undefined) as unknown;
  if (typeof authenticator === "function") return;
  if (typeof (Object(authenticator) as { readonly authenticate?: unknown }).authenticate === "function")
    return;
  const problem = authenticator === undefined ? "is missing" : "is no function and no authenticator";
  throw new TypeError(
    `authenticate ${problem}: write createWebSocketSystem({ authenticate: (request) => ({ user: { id } }) }), or betterAuthAuthenticator(auth); null refuses a visitor`,
  );
}
