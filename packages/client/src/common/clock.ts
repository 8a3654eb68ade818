import { systemTime } from "@halyard/protocol/internal";

/** Time and randomness. Injected, so that tests control both. */
export interface Clock {
  /** Measures durations, in milliseconds. It may start at 1970, but does not change when the machine's date is set. */
  now(): number;
  /** The date, in milliseconds since 1970. It advances while the machine sleeps. @default `now` */
  date?(): number;
  /** Calls the callback once, after `ms` milliseconds, and returns what `clearTimeout` takes. */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Cancels a callback, given the result of `setTimeout`. Ignores a callback that has run, and `undefined`. */
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
