// Estimates the time of Redis, so that nodes whose clocks disagree can compare times.
// Used for times that one node stores and another compares: of marks, of opened connections, and of presence states.
import { dateOf } from "@halyard/protocol/internal";
import type { Clock, PresenceOp, Revocation } from "@halyard/server";

/** Clocks that differ by less count as equal, because an estimate is no more exact; in ms. */
const TOLERANCE_MS = 200;

/** Estimates how far the clock of Redis is ahead of this node's. */
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

  /** Call when Redis has answered with its time. @param askedAt the date of this node when it asked */
  heard(storeDate: number, askedAt: number): void {
    const now = this.date();
    const aheadMs = Math.round(storeDate - (askedAt + now) / 2);
    // The longer an answer took, the less exact it is.
    const errorMs = TOLERANCE_MS + (now - askedAt) / 2;
    if (Math.abs(aheadMs - this.#aheadMs) > errorMs) this.#aheadMs = aheadMs;
  }

  toStore(date: number): number {
    return date + this.#aheadMs;
  }

  /** @param time by the clock's `now`, which is not affected when the date is set */
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
