// The time of Redis as this node knows it: nodes whose clocks disagree compare their times as times of Redis.
// Used for what one node says and another one compares: marks, and since when connections are open, and when states were set.
import { dateOf } from "@halyard/protocol/internal";
import type { Clock, PresenceOp, Revocation } from "@halyard/server";

/** Clocks that are nearer to each other agree: an estimate is no better, ms. */
const TOLERANCE_MS = 200;

/** How far Redis is ahead of this node. */
export class StoreClock {
  readonly #clock: Clock;
  #aheadMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The date of this node. */
  date(): number {
    return dateOf(this.#clock);
  }

  /** Redis has answered with its time. @param askedAt the date of this node when it asked */
  heard(storeDate: number, askedAt: number): void {
    const now = this.date();
    const aheadMs = Math.round(storeDate - (askedAt + now) / 2);
    // An answer that was long on its way says less.
    const errorMs = TOLERANCE_MS + (now - askedAt) / 2;
    if (Math.abs(aheadMs - this.#aheadMs) > errorMs) this.#aheadMs = aheadMs;
  }

  toStore(date: number): number {
    return date + this.#aheadMs;
  }

  /** @param time by the clock's `now`, which goes on when the date is set */
  monotonicToStore(time: number): number {
    return time + this.#aheadOfMonotonic;
  }

  markToStore(mark: Revocation): Revocation {
    return "user" in mark ? { ...mark, notBefore: this.monotonicToStore(mark.notBefore) } : mark;
  }

  markFromStore(mark: Revocation): Revocation {
    return "user" in mark ? { ...mark, notBefore: mark.notBefore - this.#aheadOfMonotonic } : mark;
  }

  get #aheadOfMonotonic(): number {
    return this.#aheadMs + this.date() - this.#clock.now();
  }

  operationToStore(op: PresenceOp): PresenceOp {
    if (op.op === "-") return op;
    const { openedAt, state } = op;
    if (openedAt === undefined && state === undefined) return op;
    return {
      ...op,
      ...(openedAt !== undefined && { openedAt: this.toStore(openedAt) }),
      ...(state && { state: { ...state, setAt: this.toStore(state.setAt) } }),
    };
  }
}
