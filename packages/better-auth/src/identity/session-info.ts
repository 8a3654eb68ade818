// Reads the four fields that Halyard needs from an identity, whose shape the application determines.
// The session reader and the session watch call it.
// Guarantees a value for each field: a missing token is undefined, a missing expiry is Infinity.
import type { Identity } from "@halyard/server";

/** What Halyard needs to know about a session. */
export interface SessionInfo {
  readonly sessionId: string;
  readonly userId: string;
  /** Undefined if a custom session omits it. Such a session can be ended by its id, but not read again. */
  readonly token: string | undefined;
  /** Milliseconds since 1970; Infinity if a custom session omits it. */
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
