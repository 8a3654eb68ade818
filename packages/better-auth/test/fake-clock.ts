import type { SessionClock } from "../src/options.ts";

/** A clock whose time passes only by `advance`. */
export class FakeClock implements SessionClock {
  #now: number;
  readonly #timers = new Map<object, { readonly at: number; readonly callback: () => void }>();

  constructor(now: number) {
    this.#now = now;
  }

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, ms: number): object {
    const timer = {};
    this.#timers.set(timer, { at: this.#now + ms, callback });
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as object);
  }

  random(): number {
    return 0.5;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [timer, next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (timer === undefined || next === undefined || next.at > end) break;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}
