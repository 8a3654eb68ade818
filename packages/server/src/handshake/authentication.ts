import type { AnyAuthenticator } from "../session-watch.ts";
import type { GuestIdentity, Identity, UpgradeRequest } from "../types.ts";

/**
 * Calls the application's authenticator.
 *
 * @returns null when the authenticator accepts nobody
 * @throws TypeError by rejecting when there is no authenticator or its answer is no identity
 */
export async function callAuthenticator(
  authenticator: AnyAuthenticator | undefined,
  request: UpgradeRequest,
): Promise<GuestIdentity | null> {
  if (authenticator === undefined) {
    throw new TypeError("authenticate is missing: pass it to createWebSocketSystem or to the attach call");
  }
  return assertIdentity(
    await (typeof authenticator === "function"
      ? authenticator(request)
      : authenticator.authenticate(request)),
  );
}

function assertIdentity(identity: Identity | null): Identity | null {
  if (identity === null || isIdentity(identity)) return identity;
  throw new TypeError("authenticate gave something without a user.id");
}

function isIdentity(value: unknown): boolean {
  const user = (value as { readonly user?: { readonly id?: unknown } | null } | undefined)?.user;
  return typeof user?.id === "string" && user.id !== "";
}
