/** Keeps below a rate of the server's: so many at once, and so many per second after that. */
export class Pace {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = this.#tokens = burst;
    this.#at = now;
  }

  /** @returns 0 when `cost` was taken, else the milliseconds until it can be */
  take(cost: number, now: number): number {
    const earned = (Math.max(0, now - this.#at) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#at = now;
    // What costs more than there ever is goes out when the bucket is full.
    const missing = Math.min(cost, this.#burst) - this.#tokens;
    if (missing > 0) return Math.ceil((missing / this.#perSecond) * 1000);
    this.#tokens -= cost;
    return 0;
  }
}
