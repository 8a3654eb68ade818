import type { Identity } from "@halyard/server";

/** What a watch needs to know of a session. */
export interface SessionFacts {
  readonly sessionId: string;
  readonly userId: string;
  /** Undefined where a custom session leaves it out: it can be ended by its id, and not be looked up. */
  readonly token: string | undefined;
  /** Milliseconds. */
  readonly expiresAt: number;
}

interface StoredSession {
  readonly id: string;
  readonly token?: unknown;
  readonly expiresAt?: unknown;
}

export type BetterAuthIdentity = Identity & { readonly session: { readonly id: string } };

export function factsOf({ user, session }: BetterAuthIdentity): SessionFacts {
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
