import { createRandom } from "../utils/random.ts";
import { soon, turn } from "./event-loop.ts";

export interface TestClockOptions {
  /** What time it is at first. @default 2026-01-01T00:00:00Z */
  readonly now?: Date | undefined;
  /** What `random` begins with. @default 1 */
  readonly seed?: number | undefined;
}

/** Time that stands still until it is told to go on. Fits the `clock` option of the server and of the client. */
export interface TestClock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Waits for `advance`; with 0 ms or less it runs in one of the next turns by itself, as no time has to pass. */
  readonly setTimeout: (callback: () => void, ms: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  /** Runs in one of the next turns of the event loop: turns are no time. */
  readonly setImmediate: (callback: () => void) => void;
  /** At least 0, less than 1; the same numbers in each run. */
  readonly random: () => number;
  /**
   * Lets time pass: runs every timer that becomes due, in the order of their times, each at its own time. Calls while
   * another is under way wait for it.
   *
   * @param settle awaited before the first timer and after each one. @default what was ready has run
   * @throws RangeError for what is not a duration; and what a timer's callback throws
   */
  readonly advance: (ms: number, settle?: () => Promise<void>) => Promise<void>;
  /** When the next timer is due. */
  readonly nextTimerAt: number | undefined;
  /** Callbacks that will run without time passing. */
  readonly pending: number;
}

/**
 * Makes a clock for tests: nothing waits for real time, and chance repeats.
 *
 * @example
 * const clock = createTestClock();
 * const system = createWebSocketSystem({ protocol, clock });
 * await clock.advance(30_000);
 */
export function createTestClock(options: TestClockOptions = {}): TestClock {
  return new FakeClock(options);
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Its methods are functions of their own: they may be handed on without the clock. */
class FakeClock implements TestClock {
  readonly random: () => number;
  #now: number;
  #pending = 0;
  #lastTimer = 0;
  readonly #timers = new Map<number, Timer>();
  #advancing: Promise<void> = Promise.resolve();

  constructor({ now = new Date("2026-01-01T00:00:00Z"), seed = 1 }: TestClockOptions) {
    this.#now = now.getTime();
    this.random = createRandom(seed);
  }

  get nextTimerAt(): number | undefined {
    return this.#first()?.[1].at;
  }

  get pending(): number {
    return this.#pending;
  }

  readonly now = (): number => this.#now;

  readonly setTimeout = (callback: () => void, ms: number): number => {
    const timer = ++this.#lastTimer;
    this.#timers.set(timer, { at: this.#now + Math.max(0, ms), callback });
    if (ms > 0) return timer;
    this.setImmediate(() => {
      if (this.#timers.delete(timer)) callback();
    });
    return timer;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer as number);
  };

  readonly setImmediate = (callback: () => void): void => {
    this.#pending++;
    soon(() => {
      this.#pending--;
      callback();
    });
  };

  readonly advance = (ms: number, settle = (): Promise<void> => this.#settle()): Promise<void> => {
    const advancing = this.#advancing.then(() => this.#advance(ms, settle));
    this.#advancing = advancing.catch(() => {});
    return advancing;
  };

  async #advance(ms: number, settle: () => Promise<void>): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`A clock cannot be advanced by ${ms} ms`);
    await settle();
    const end = this.#now + ms;
    for (let first = this.#first(); first && first[1].at <= end; first = this.#first()) {
      const [timer, { at, callback }] = first;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, at);
      callback();
      await settle();
    }
    this.#now = end;
  }

  #first(): [number, Timer] | undefined {
    let first: [number, Timer] | undefined;
    // A map goes by insertion: of timers for the same time the earlier one stays first.
    for (const entry of this.#timers) if (!first || entry[1].at < first[1].at) first = entry;
    return first;
  }

  async #settle(): Promise<void> {
    do await turn();
    while (this.#pending > 0);
  }
}
