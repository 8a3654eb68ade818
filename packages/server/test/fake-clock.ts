import type { Clock } from "../src/types.ts";

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly callback: () => void;
}

/** Time that stands still until it is told to go on, and chance that repeats itself. */
export class FakeClock implements Clock {
  #now: number;
  #seed: number;
  #ids = 0;
  readonly #timers = new Map<number, Timer>();
  /** The same timers by their time, each time in the order in which they were set; what was cleared is skipped. */
  readonly #queue = new Map<number, Timer[]>();
  readonly #times: number[] = [];
  #immediates: (() => void)[] = [];

  constructor({ now = Date.UTC(2026, 10, 23), seed = 1 }: { now?: number; seed?: number } = {}) {
    this.#now = now;
    this.#seed = seed;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  // Functions and not methods, because whoever is given a clock may take it apart.
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

  /** mulberry32: small, and good enough to be spread evenly. */
  readonly random = (): number => {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  /** Ends the current turn: what was put off to its end runs, at once and without anything in between. */
  flush(): void {
    const immediates = this.#immediates;
    this.#immediates = [];
    for (const callback of immediates) callback();
  }

  /** Lets everything happen that takes no time. */
  async settle(): Promise<void> {
    do {
      this.flush();
      await afterMicrotasks();
    } while (this.#immediates.length > 0);
  }

  /** Goes on by so many milliseconds, stopping at each timer that is due. */
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

  /** Goes on within this turn: timers run, and nothing else does. */
  skip(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#nextUntil(until); next !== undefined; next = this.#nextUntil(until)) {
      this.#timers.delete(next.id);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = until;
  }

  /** The event loop stands still for so long: whatever was due runs late, and all at once. */
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

/** Keeps a list of numbers in order. */
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
