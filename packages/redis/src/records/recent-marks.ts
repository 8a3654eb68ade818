// The marks that this process has stored, which it stores again where the store has lost them. Used by redis-backplane.ts.
// Guarantee: a ban is not gone with what Redis has lost, as long as the process that set it runs.
import type { Clock, Revocation } from "@halyard/server";
import type { Records } from "./records.ts";

interface StoredMark {
  readonly mark: Revocation;
  /** By the clock. */
  readonly endsAt: number;
}

/** How many marks are known: the newest. */
const MAX_MARKS = 1_000;
/** A mark of a user that is so much older is another one, ms: the times of two clocks agree to within less. */
const TOLERANCE_MS = 1_000;

/** The newest marks of this process. */
export class RecentMarks {
  readonly #clock: Clock;
  readonly #marks = new Map<string, StoredMark>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A mark is in the store now. */
  add(mark: Revocation, ttlMs: number): void {
    const key = keyOf(mark);
    this.#marks.delete(key);
    this.#marks.set(key, { mark, endsAt: this.#clock.now() + ttlMs });
    for (const oldest of this.#marks.keys()) {
      if (this.#marks.size <= MAX_MARKS) return;
      this.#marks.delete(oldest);
    }
  }

  /** Stores again what the store does not have. */
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
