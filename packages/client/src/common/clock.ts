import { systemTime } from "@halyard/protocol/internal";

/** Time and randomness. Injected, so that a test decides what time it is and which number comes next. */
export interface Clock {
  /** Measures durations, in milliseconds: may start at 1970, and is not set when the machine's date is. */
  now(): number;
  /** The date, in milliseconds since 1970. It goes on while the machine sleeps. @default `now` */
  date?(): number;
  /** Calls the callback once, after `ms` milliseconds, and returns what `clearTimeout` takes. */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Cancels a callback by what `setTimeout` returned. One that has run, and `undefined`, are ignored. */
  clearTimeout(handle: unknown): void;
  /** A number that is at least 0 and less than 1. */
  random(): number;
}

/** The platform's time and randomness. */
export const systemClock: Clock = {
  ...systemTime,
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as number),
  random: () => Math.random(),
};
