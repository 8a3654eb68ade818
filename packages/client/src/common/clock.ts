/** Time and chance, injected so that no test waits for the one or hopes for the other. */
export interface Clock {
  /** Milliseconds since the epoch. It goes on while the machine sleeps. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** At least 0, less than 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
  random: () => Math.random(),
};

/** One timer that is set again and again: setting it takes the earlier setting back. */
export class Alarm {
  readonly #clock: Clock;
  #timer: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param ms never, when it is more than a timer holds (some 23 days): platforms would make it no time at all */
  set(ms: number, ring: () => void): void {
    this.clear();
    if (ms < 2e9) this.#timer = this.#clock.setTimeout(ring, ms);
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer);
  }
}
