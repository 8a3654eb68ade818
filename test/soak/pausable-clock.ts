import type { Clock } from "@halyard/client";

/**
 * A clock in real time whose timers can be paused, as a browser pauses the timers of a hidden page: the timers that became due
 * meanwhile run all at once after the pause.
 */
export class PausableClock implements Clock {
  readonly #timers = new Map<object, NodeJS.Timeout>();
  readonly #due = new Map<object, () => void>();
  #isPaused = false;

  now(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = {};
    const run = (): void => {
      this.#timers.delete(timer);
      if (this.#isPaused) this.#due.set(timer, callback);
      else callback();
    };
    this.#timers.set(timer, setTimeout(run, ms));
    return timer;
  }

  clearTimeout(timer: unknown): void {
    clearTimeout(this.#timers.get(timer as object));
    this.#timers.delete(timer as object);
    this.#due.delete(timer as object);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    // Each timer is deleted before its callback, which may clear other timers.
    for (const [timer, callback] of this.#due) {
      this.#due.delete(timer);
      callback();
    }
  }

  /** Clears every timer for good. */
  stop(): void {
    this.#isPaused = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#due.clear();
  }
}
