import type { Clock } from "@halyard/client";

/** The clock of one client: passes each call to the network's clock, and knows when this client's timers are due. */
export class ClientClock implements Clock {
  readonly #clock: Clock;
  readonly #dueTimes = new Map<unknown, number>();

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
      this.#dueTimes.delete(timer);
      callback();
    }, ms);
    this.#dueTimes.set(timer, this.now() + ms);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#dueTimes.delete(timer);
    this.#clock.clearTimeout(timer);
  }

  /** Whether a timer is set for that time, with a tolerance of one millisecond for floating-point errors. */
  isSetFor(time: number): boolean {
    for (const dueAt of this.#dueTimes.values()) if (Math.abs(dueAt - time) < 1) return true;
    return false;
  }
}
