/** So many at once, and so many per second after that. */
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

  /** @returns 0 when there was enough, else the milliseconds until there will be; nothing is taken then */
  take(now: number, count = 1): number {
    const waitMs = this.waitFor(now, count);
    if (waitMs === 0) this.#tokens -= count;
    return waitMs;
  }

  /** What {@link take} would say; nothing is taken. */
  waitFor(now: number, count = 1): number {
    if (now !== this.#at) this.#refill(now);
    // More than fits at once is let through when the bucket is full, or it would wait for ever.
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

/** Counts what happened in the last so many milliseconds, coarsely: two halves are enough to close a connection by. */
export class SlidingWindowCounter {
  readonly #windowMs: number;
  #startedAt = 0;
  #previous = 0;
  #current = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** @returns how many there were in the window, this one included */
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
