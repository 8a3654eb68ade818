import type { Clock } from "../src/types.ts";

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test advances it, with random numbers that repeat. */
export class FakeClock implements Clock {
  #now: number;
  #seed: number;
  #ids = 0;
  readonly #timers = new Map<number, Timer>();
  /** The same timers by their time, in the order in which they were set; cleared timers are skipped. */
  readonly #queue = new Map<number, Timer[]>();
  readonly #times: number[] = [];
  #immediates: (() => void)[] = [];

  constructor({ now = Date.UTC(2026, 10, 23), seed = 1 }: { now?: number; seed?: number } = {}) {
    this.#now = now;
    this.#seed = seed;
  }

  /** The number of timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  // Functions and not methods, because the code under test may take single functions off the clock.
  readonly now = (): number => this.#now;

  readonly setTimeout = (callback: () => void, ms: number): unknown => {
    const timer = { id: ++this.#ids, at: this.#now + ms, callback };
    this.#timers.set(timer.id, timer);
    const others = this.#queue.get(timer.at);
    if (others !== undefined) others.push(timer);
    else {
      this.#queue.set(timer.at, [timer]);
      insert(this.#times, timer.at);
    }
    return timer.id;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer as number);
  };

  readonly setImmediate = (callback: () => void): void => {
    this.#immediates.push(callback);
  };

  /** mulberry32: small, and evenly distributed. */
  readonly random = (): number => {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  /** Ends the current turn: all callbacks of setImmediate run, and nothing between them. */
  flush(): void {
    const immediates = this.#immediates;
    this.#immediates = [];
    for (const callback of immediates) callback();
  }

  /** Runs all callbacks of setImmediate and all microtasks, until none is left. */
  async settle(): Promise<void> {
    do {
      this.flush();
      await afterMicrotasks();
    } while (this.#immediates.length > 0);
  }

  /** Advances the time, and runs each timer at its time with all microtasks that follow from it. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    for (let next = this.#nextUntil(until); next !== undefined; next = this.#nextUntil(until)) {
      this.#timers.delete(next.id);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await this.settle();
    }
    this.#now = until;
  }

  /** Advances the time within this turn: timers run, and nothing else does. */
  skip(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#nextUntil(until); next !== undefined; next = this.#nextUntil(until)) {
      this.#timers.delete(next.id);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = until;
  }

  /** Blocks the event loop: all timers that were due run late, at the same time. */
  async stall(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  #nextUntil(until: number): Timer | undefined {
    for (let time = this.#times[0]; time !== undefined && time <= until; time = this.#times[0]) {
      const due = this.#queue.get(time) ?? [];
      for (let timer = due.shift(); timer !== undefined; timer = due.shift())
        if (this.#timers.has(timer.id)) return timer;
      this.#queue.delete(time);
      this.#times.shift();
    }
    return undefined;
  }
}

/** Inserts a number into a sorted list. */
function insert(numbers: number[], value: number): void {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  numbers.splice(low, 0, value);
}

/** All microtasks have run when this resolves. */
function afterMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
