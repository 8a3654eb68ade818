import type { Clock } from "@halyard/client";

/** Real time, whose timers can be held as those of a page in the background are: they ring late, all at once. */
export class HeldClock implements Clock {
  readonly #timers = new Map<object, NodeJS.Timeout>();
  readonly #due = new Map<object, () => void>();
  #isHeld = false;

  now(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = {};
    const ring = (): void => {
      this.#timers.delete(timer);
      if (this.#isHeld) this.#due.set(timer, callback);
      else callback();
    };
    this.#timers.set(timer, setTimeout(ring, ms));
    return timer;
  }

  clearTimeout(timer: unknown): void {
    clearTimeout(this.#timers.get(timer as object));
    this.#timers.delete(timer as object);
    this.#due.delete(timer as object);
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    // One of them may clear another.
    for (const [timer, callback] of this.#due) {
      this.#due.delete(timer);
      callback();
    }
  }

  /** Nothing rings any more. */
  stop(): void {
    this.#isHeld = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#due.clear();
  }
}
