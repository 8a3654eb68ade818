import type { Clock } from "@halyard/client";

/** A clock that knows which timers its one client has set. */
export class ClientClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Map<unknown, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  random(): number {
    return this.#clock.random();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, ms);
    this.#timers.set(timer, this.now() + ms);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer);
    this.#clock.clearTimeout(timer);
  }

  /** Whether something will happen at that time, give or take what floating point loses. */
  isSetFor(time: number): boolean {
    for (const at of this.#timers.values()) if (Math.abs(at - time) < 1) return true;
    return false;
  }
}
