// A timer that can be set repeatedly.
// Used by every part that waits: the outbox, requests, rooms, the liveness check and the reconnector.
// A Timer has at most one pending callback: setting it cancels the previous one.
import type { Clock } from "./clock.ts";

/** The longest usable delay: platforms store it in 31 bits of milliseconds (about 24 days), and fire a longer one at once. */
const MAX_DELAY_MS = 2e9;

export class Timer {
  readonly #clock: Clock;
  #pending: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param ms a delay of `MAX_DELAY_MS` or more never ends */
  set(ms: number, callback: () => void): void {
    this.clear();
    if (ms < MAX_DELAY_MS) this.#pending = this.#clock.setTimeout(callback, ms);
  }

  clear(): void {
    this.#clock.clearTimeout(this.#pending);
  }
}
