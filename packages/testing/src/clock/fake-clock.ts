// A clock whose time stands still until it is advanced, with its timers. It uses no timer of the runtime.
// The only fake clock of the repository: createTestClock() and the tests of server, client and better-auth use it.
// Guarantee: timers run in the order of their times; timers with the same time run in the order in which they were set.
import { createRandom } from "../utils/random.ts";

/** The options of {@link FakeClock}. */
export interface FakeClockOptions {
  /** The time at the start, in milliseconds since the epoch. @default 2026-11-23T00:00:00Z */
  readonly now?: number | undefined;
  /** The seed of `random`. @default 1 */
  readonly seed?: number | undefined;
  /** Replaces the seeded numbers, for example with a constant. @default createRandom(seed) */
  readonly random?: (() => number) | undefined;
}

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly callback: () => void;
}

/** A clock for tests. Its methods can be passed on without the clock. */
export class FakeClock {
  /** At least 0, less than 1; the same numbers in each run. */
  readonly random: () => number;
  #now: number;
  #lastId = 0;
  readonly #timers = new Map<number, Timer>();
  /** The timers by time, in the order in which they were set; includes cleared ones. */
  readonly #queues = new Map<number, Timer[]>();
  /** The times that have a queue, ascending. */
  readonly #times: number[] = [];

  constructor({ now = Date.UTC(2026, 10, 23), seed = 1, random }: FakeClockOptions = {}) {
    this.#now = now;
    this.random = random ?? createRandom(seed);
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** When the next timer is due. */
  get nextTimerAt(): number | undefined {
    return this.#first()?.at;
  }

  /** Milliseconds since the epoch. */
  readonly now = (): number => this.#now;

  /** Sets a timer, which runs when time has been advanced to it. */
  readonly setTimeout = (callback: () => void, ms: number): number => {
    const timer = { id: ++this.#lastId, at: this.#now + Math.max(0, ms), callback };
    this.#timers.set(timer.id, timer);
    const queue = this.#queues.get(timer.at);
    if (queue) queue.push(timer);
    else {
      this.#queues.set(timer.at, [timer]);
      insertSorted(this.#times, timer.at);
    }
    return timer.id;
  };

  /** Clears a timer. */
  readonly clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer as number);
  };

  /** Runs one timer now, before its time, unless it was cleared or has run. */
  run(timer: number): void {
    const set = this.#timers.get(timer);
    if (this.#timers.delete(timer)) set?.callback();
  }

  /** Lets time pass within this turn of the event loop: only the timers that become due run. */
  skip(ms: number): void {
    const end = this.#now + ms;
    while (this.#runFirst(end));
    this.#now = end;
  }

  /**
   * Lets time pass, timer by timer, each at its own time.
   *
   * @param settle awaited before the first timer and after each one
   */
  async pass(ms: number, settle: () => Promise<void>): Promise<void> {
    await settle();
    const end = this.#now + ms;
    while (this.#runFirst(end)) await settle();
    this.#now = end;
  }

  /** Advances time without running timers, as if the event loop were blocked: due timers run late. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #runFirst(end: number): boolean {
    const first = this.#first();
    if (!first || first.at > end) return false;
    this.#timers.delete(first.id);
    this.#now = Math.max(this.#now, first.at);
    first.callback();
    return true;
  }

  /** The earliest set timer; removes the cleared ones before it from the queues. */
  #first(): Timer | undefined {
    for (let time = this.#times[0]; time !== undefined; time = this.#times[0]) {
      const queue = this.#queues.get(time) ?? [];
      for (let timer = queue[0]; timer; timer = queue[0]) {
        if (this.#timers.has(timer.id)) return timer;
        queue.shift();
      }
      this.#queues.delete(time);
      this.#times.shift();
    }
    return undefined;
  }
}

function insertSorted(numbers: number[], value: number): void {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  numbers.splice(low, 0, value);
}
