// Remembers the marks that this process has stored, to store them again if the store loses them. Used by redis-backplane.ts.
// Guarantee: a ban survives a loss of data in Redis, as long as the process that set it runs.
import type { Clock, Revocation } from "@halyard/server";
import type { Records } from "./records.ts";

interface StoredMark {
  readonly mark: Revocation;
  /** When the mark ends, by the clock's `now`. */
  readonly endsAt: number;
}

/** How many marks are remembered: the newest ones. */
const MAX_MARKS = 1_000;
/** A user's mark that is older by more than this is a different mark, in ms: two clocks agree more closely. */
const TOLERANCE_MS = 1_000;

/** Remembers the newest marks of this process. */
export class RecentMarks {
  readonly #clock: Clock;
  readonly #marks = new Map<string, StoredMark>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call when a mark was stored. */
  add(mark: Revocation, ttlMs: number): void {
    const key = keyOf(mark);
    const earlierEnd = this.#marks.get(key)?.endsAt ?? 0;
    this.#marks.delete(key);
    this.#marks.set(key, { mark, endsAt: Math.max(earlierEnd, this.#clock.now() + ttlMs) });
    for (const oldest of this.#marks.keys()) {
      if (this.#marks.size <= MAX_MARKS) return;
      this.#marks.delete(oldest);
    }
  }

  /** Stores the marks again that the store does not have. */
  async restore(
    records: Pick<Records, "revocations" | "revoke">,
    notice: (mark: Revocation) => string,
  ): Promise<void> {
    const now = this.#clock.now();
    for (const [key, { endsAt }] of this.#marks) if (endsAt <= now) this.#marks.delete(key);
    const marks = [...this.#marks.values()];
    const users = marks.flatMap(({ mark }) => ("user" in mark ? [mark.user] : []));
    const sessions = marks.flatMap(({ mark }) => ("user" in mark ? [] : [mark.session]));
    const stored = new Map((await records.revocations(users, sessions)).map((mark) => [keyOf(mark), mark]));
    const lost = marks.filter(({ mark }) => !isIn(stored.get(keyOf(mark)), mark));
    await Promise.all(lost.map(({ mark, endsAt }) => records.revoke(mark, endsAt - now, notice(mark))));
  }
}

function isIn(stored: Revocation | undefined, mark: Revocation): boolean {
  if (stored === undefined || !("user" in stored && "user" in mark)) return stored !== undefined;
  return stored.notBefore >= mark.notBefore - TOLERANCE_MS;
}

function keyOf(mark: Revocation): string {
  return "user" in mark ? `u${mark.user}` : `s${mark.session}`;
}
