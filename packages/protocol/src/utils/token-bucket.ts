// A rate limit: a number of tokens at once, and a number of tokens per second after that.
// Used by the server for each connection and by the client below the server's rates, through `@halyard/protocol/internal`.
// Guarantees: enough tokens are available after the delay that it returns; it never grants more than its rate.

/** A token bucket. It has no timer: its caller passes the time, in milliseconds. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #refilledAt: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = this.#burst = burst;
    this.#refilledAt = now;
  }

  /** Takes tokens. @returns 0, or the time until there are enough, in milliseconds; then it takes none */
  consume(now: number, count = 1): number {
    const delayMs = this.delayFor(now, count);
    if (!delayMs) this.#tokens -= count;
    return delayMs;
  }

  /** Takes tokens even if there are too few: the debt delays later ones. */
  charge(now: number, count: number): void {
    this.delayFor(now, 0);
    this.#tokens -= count;
  }

  /** The result of {@link consume}, without taking tokens. */
  delayFor(now: number, count = 1): number {
    if (now > this.#refilledAt) {
      const earned = ((now - this.#refilledAt) / 1000) * this.#perSecond;
      this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    }
    this.#refilledAt = now;
    // A full bucket grants even more than its burst and is then in debt, because such an amount could never be granted otherwise.
    const missing = Math.min(count, this.#burst) - this.#tokens;
    return missing > 0 ? Math.ceil((missing / this.#perSecond) * 1000) : 0;
  }
}
