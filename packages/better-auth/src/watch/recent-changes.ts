import type { EndCode, SessionChange } from "./notice.ts";

const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 10_000;

interface Ended {
  readonly code: EndCode;
  readonly sequence: number;
  readonly at: number;
}

/**
 * What happened to sessions lately. A change may come between the look-up at the upgrade and the moment when the
 * connection is there to be closed: the memory of it closes this gap without a second look-up for everybody.
 */
export class RecentChanges {
  readonly #now: () => number;
  readonly #ended = new Map<string, Ended>();
  readonly #changed = new Map<string, Omit<Ended, "code">>();
  #sequence = 0;
  /** The latest change that is not remembered any more. */
  #forgotten = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** To be taken before a look-up begins, and given to `hasChanged` when its result is used. */
  get sequence(): number {
    return this.#sequence;
  }

  add(change: SessionChange): void {
    this.#sequence += 1;
    const entry = { sequence: this.#sequence, at: this.#now() };
    if (change.kind === "changed") this.#append(this.#changed, change.userId, entry);
    else for (const id of change.sessionIds) this.#append(this.#ended, id, { ...entry, code: change.code });
  }

  /** How a session was ended; the store may still show it for a moment, until a transaction commits. */
  endOf(sessionId: string): EndCode | undefined {
    return this.#ended.get(sessionId)?.code;
  }

  /** Whether anything may have happened to this user's sessions since. */
  hasChanged(userId: string, since: number): boolean {
    return since < this.#forgotten || (this.#changed.get(userId)?.sequence ?? 0) > since;
  }

  #append<TEntry extends Omit<Ended, "code">>(map: Map<string, TEntry>, key: string, entry: TEntry): void {
    map.delete(key);
    map.set(key, entry);
    for (const [oldest, { at, sequence }] of map) {
      if (map.size <= MAX_REMEMBERED && at > entry.at - REMEMBERED_MS) return;
      map.delete(oldest);
      this.#forgotten = Math.max(this.#forgotten, sequence);
    }
  }
}
