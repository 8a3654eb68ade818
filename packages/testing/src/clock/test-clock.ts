// The public clock of this package: a fake clock whose callbacks of 0 ms run in real turns of the event loop.
// Passed to the server, the client, a memory backplane and the test network, which advances it.
// Guarantee: no time passes by itself, and the same seed gives the same numbers.
import { queueMacrotask } from "./event-loop.ts";
import { FakeClock } from "./fake-clock.ts";

/** The options of {@link createTestClock}. */
export interface TestClockOptions {
  /** The time at the start. @default 2026-01-01T00:00:00Z */
  readonly now?: Date | undefined;
  /** The seed of `random`, any integer. @default 1 */
  readonly seed?: number | undefined;
}

/** A clock whose time stands still until it is advanced. Fits the `clock` option of the server and of the client. */
export interface TestClock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Sets a timer for `advance`; with 0 ms or less the callback runs by itself in one of the next turns. */
  readonly setTimeout: (callback: () => void, ms: number) => unknown;
  /** Clears a timer that `setTimeout` returned. */
  readonly clearTimeout: (timer: unknown) => void;
  /** Runs a callback in one of the next turns of the event loop, without advancing time. */
  readonly setImmediate: (callback: () => void) => void;
  /** At least 0, less than 1; the same numbers in each run. */
  readonly random: () => number;
  /**
   * Lets time pass: runs every timer that becomes due, in order, each at its own time. A call during
   * another one waits for it.
   *
   * @param settle awaited before the first timer and after each one. @default every callback that was ready has run
   * @throws RangeError for an invalid duration; and what a timer's callback throws
   */
  readonly advance: (ms: number, settle?: () => Promise<void>) => Promise<void>;
  /** When the next timer is due. */
  readonly nextTimerAt: number | undefined;
  /** How many callbacks will run without advancing time. */
  readonly pending: number;
}

/**
 * Creates a clock for tests, so that no test waits for real time, and random numbers are repeatable.
 *
 * @example
 * const clock = createTestClock();
 * const system = createWebSocketSystem({ protocol, clock });
 * await clock.advance(30_000);
 */
export function createTestClock(options: TestClockOptions = {}): TestClock {
  return new TurnClock(options);
}

/** The methods are function properties, so that they can be passed on without the clock. */
export class TurnClock implements TestClock {
  readonly now: () => number;
  readonly random: () => number;
  readonly clearTimeout: (timer: unknown) => void;
  readonly #clock: FakeClock;
  readonly #queueTurn: (callback: () => void) => void;
  #pending = 0;
  #advancing: Promise<void> = Promise.resolve();

  constructor(
    { now = new Date("2026-01-01T00:00:00Z"), seed }: TestClockOptions,
    queueTurn: (callback: () => void) => void = queueMacrotask,
  ) {
    this.#queueTurn = queueTurn;
    this.#clock = new FakeClock({ now: now.getTime(), seed });
    this.now = this.#clock.now;
    this.random = this.#clock.random;
    this.clearTimeout = this.#clock.clearTimeout;
  }

  get nextTimerAt(): number | undefined {
    return this.#clock.nextTimerAt;
  }

  get pending(): number {
    return this.#pending;
  }

  readonly setTimeout = (callback: () => void, ms: number): number => {
    const timer = this.#clock.setTimeout(callback, ms);
    if (ms <= 0) this.setImmediate(() => this.#clock.run(timer));
    return timer;
  };

  readonly setImmediate = (callback: () => void): void => {
    this.#pending++;
    this.#queueTurn(() => {
      this.#pending--;
      callback();
    });
  };

  readonly advance = (ms: number, settle = (): Promise<void> => this.#settle()): Promise<void> => {
    const advancing = this.#advancing.then(() => {
      if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`A clock cannot be advanced by ${ms} ms`);
      return this.#clock.pass(ms, settle);
    });
    this.#advancing = advancing.catch(() => {});
    return advancing;
  };

  async #settle(): Promise<void> {
    do await new Promise<void>(this.#queueTurn);
    while (this.#pending > 0);
  }
}
