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

/** Counts events in a sliding window, approximately: it keeps the counts of two windows. */
export class SlidingWindowCounter {
  readonly #windowMs: number;
  #startedAt = 0;
  #previous = 0;
  #current = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** @returns how many events the window holds, this one included */
  add(now: number): number {
    const elapsed = now - this.#startedAt;
    if (elapsed >= this.#windowMs) {
      this.#previous = elapsed < 2 * this.#windowMs ? this.#current : 0;
      this.#startedAt = now - (elapsed % this.#windowMs);
      this.#current = 0;
    }
    this.#current++;
    const remainingWeight = 1 - (now - this.#startedAt) / this.#windowMs;
    return Math.floor(this.#previous * remainingWeight) + this.#current;
  }
}
