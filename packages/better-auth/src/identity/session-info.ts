// Reads the four fields that Halyard needs out of an identity, whose shape is the application's.
// The session reader and the session watch call it.
// Guarantees a value for each field: a missing token is undefined, a missing expiry is Infinity.
import type { Identity } from "@halyard/server";

/** What Halyard needs to know of a session. */
export interface SessionInfo {
  readonly sessionId: string;
  readonly userId: string;
  /** Undefined where a custom session leaves it out. Such a session can be ended by its id, but not be read again. */
  readonly token: string | undefined;
  /** Milliseconds since 1970; Infinity where a custom session leaves it out. */
  readonly expiresAt: number;
}

interface StoredSession {
  readonly id: string;
  readonly token?: unknown;
  readonly expiresAt?: unknown;
}

/** An identity that has a session, as every identity of this package does. */
export type BetterAuthIdentity = Identity & { readonly session: { readonly id: string } };

export function sessionInfoOf({ user, session }: BetterAuthIdentity): SessionInfo {
  const { id, token, expiresAt }: StoredSession = session;
  const time =
    expiresAt instanceof Date || typeof expiresAt === "string" ? new Date(expiresAt).getTime() : NaN;
  return {
    sessionId: id,
    userId: user.id,
    token: typeof token === "string" ? token : undefined,
    expiresAt: Number.isNaN(time) ? Infinity : time,
  };
}
