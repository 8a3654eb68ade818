/** Keeps the client below a rate of the server: a burst at once, and then `perSecond`. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #refilledAt: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = this.#tokens = burst;
    this.#refilledAt = now;
  }

  /** @returns 0 when `cost` was taken, otherwise the milliseconds until it can be taken */
  take(cost: number, now: number): number {
    const earned = (Math.max(0, now - this.#refilledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#refilledAt = now;
    // A cost above the burst is taken from a full bucket: waiting longer would not help.
    const missing = Math.min(cost, this.#burst) - this.#tokens;
    if (missing > 0) return Math.ceil((missing / this.#perSecond) * 1000);
    this.#tokens -= cost;
    return 0;
  }
}
