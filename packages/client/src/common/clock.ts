/** Time and randomness. Injected, so that a test decides what time it is and which number comes next. */
export interface Clock {
  /** The current time in milliseconds since the epoch. It advances while the machine sleeps. */
  now(): number;
  /** Calls the callback once, after `ms` milliseconds, and returns what `clearTimeout` takes. */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Cancels a callback by what `setTimeout` returned. One that has run, and `undefined`, are ignored. */
  clearTimeout(handle: unknown): void;
  /** A number that is at least 0 and less than 1. */
  random(): number;
}

/** The platform's time and randomness. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as number),
  random: () => Math.random(),
};
