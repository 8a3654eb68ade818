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
