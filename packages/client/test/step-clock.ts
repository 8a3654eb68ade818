import type { Clock } from "../src/common/clock.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that advances synchronously, so that a property test does thousands of runs a second. */
export class StepClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = Date.UTC(2026, 10, 23);

  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  random(): number {
    return 0;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= (next?.at ?? end)) next = timer;
    return next;
  }
}
