// Remembers the changes of sessions of the last minute, at most 10,000 of each kind.
// The authenticator and the session watch ask it whether an identity that was just read is still current.
// Guarantees that a change between the read of a session and the registration of its connection is noticed.
import type { EndCode, SessionChange } from "./notice.ts";

const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 10_000;

interface RecentChange {
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

interface EndedSession extends RecentChange {
  readonly code: EndCode;
}

/**
 * Remembers the latest changes of sessions. A session may end after it was read for an upgrade and before its connection is
 * registered, when there is no connection to close yet. A connection is compared with these changes at
 * registration, which avoids a second read of the store for every upgrade.
 */
export class RecentChanges {
  readonly #now: () => number;
  readonly #ended = new Map<string, EndedSession>();
  readonly #changed = new Map<string, RecentChange>();
  #sequence = 0;
  /** The sequence number of the latest change that is no longer remembered. */
  #lastDroppedSequence = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of the latest change. Read it before the store is read, and pass it to `hasChanged` afterwards. */
  get sequence(): number {
    return this.#sequence;
  }

  add(change: SessionChange): void {
    this.#sequence += 1;
    const entry = { sequence: this.#sequence, at: this.#now() };
    if (change.kind !== "ended") this.#append(this.#changed, change.userId, entry);
    else for (const id of change.sessionIds) this.#append(this.#ended, id, { ...entry, code: change.code });
  }

  /** The close code of a session that ended. The store may still have that session, until a transaction commits. */
  endCodeOf(sessionId: string): EndCode | undefined {
    return this.#ended.get(sessionId)?.code;
  }

  /** Whether this user's sessions may have changed after the change with the number `since`. */
  hasChanged(userId: string, since: number): boolean {
    return since < this.#lastDroppedSequence || (this.#changed.get(userId)?.sequence ?? 0) > since;
  }

  #append<TEntry extends RecentChange>(map: Map<string, TEntry>, key: string, entry: TEntry): void {
    map.delete(key);
    map.set(key, entry);
    for (const [oldest, { at, sequence }] of map) {
      if (map.size <= MAX_REMEMBERED && at > entry.at - REMEMBERED_MS) return;
      map.delete(oldest);
      this.#lastDroppedSequence = Math.max(this.#lastDroppedSequence, sequence);
    }
  }
}
