/** A rate limit: a burst at once, and so many tokens per second after it. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** @returns 0 if there were enough tokens, or how many milliseconds to wait; no token is taken then */
  take(now: number, count = 1): number {
    const waitMs = this.waitFor(now, count);
    if (waitMs === 0) this.#tokens -= count;
    return waitMs;
  }

  /** What {@link take} would return; no token is taken. */
  waitFor(now: number, count = 1): number {
    if (now !== this.#at) this.#refill(now);
    // A count above the burst passes when the bucket is full; it could never pass otherwise.
    const needed = Math.min(count, this.#burst);
    if (this.#tokens >= needed) return 0;
    return Math.max(1, Math.ceil(((needed - this.#tokens) / this.#perSecond) * 1000));
  }

  #refill(now: number): void {
    const refilled = (Math.max(0, now - this.#at) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + refilled);
    this.#at = now;
  }
}
