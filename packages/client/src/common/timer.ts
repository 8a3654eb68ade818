// One timer that is set again and again.
// Used by every part that waits: the outbox, requests, rooms, the liveness check and the reconnector.
// At most one callback is pending for a Timer: setting it cancels the callback that was set before.
import type { Clock } from "./clock.ts";

/** Platforms keep a delay in 31 bits of milliseconds, some 24 days, and run a longer one at once. */
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
