import { isThenable } from "@halyard/protocol/internal";
import { isUserId } from "../connection/socket-data.ts";
import type { AnyAuthenticator } from "../session-watch.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { GuestIdentity, Identity, UpgradeRequest } from "../types.ts";

/**
 * Calls the application's authenticator.
 *
 * @returns null when the authenticator accepts no user
 * @throws TypeError, at once or by rejecting, when there is no authenticator or its answer is not an identity
 */
export function callAuthenticator(
  authenticator: AnyAuthenticator | undefined,
  request: UpgradeRequest,
): MaybePromise<GuestIdentity | null> {
  if (authenticator === undefined) {
    throw new TypeError("authenticate is missing: write createWebSocketSystem({ authenticate })");
  }
  const answer =
    typeof authenticator === "function" ? authenticator(request) : authenticator.authenticate(request);
  return isThenable(answer) ? Promise.resolve(answer).then(assertIdentity) : assertIdentity(answer);
}

function assertIdentity(identity: Identity | null): Identity | null {
  if (identity === null || isIdentity(identity)) return identity;
  throw new TypeError("authenticate gave something without a user.id: a text of 1 to 900 bytes");
}

function isIdentity(value: unknown): boolean {
  const user = (value as { readonly user?: { readonly id?: unknown } | null } | undefined)?.user;
  return isUserId(user?.id);
}
