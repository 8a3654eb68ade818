/** The part of a clock that a nemesis and a proxy need. */
export interface TimerClock {
  /** Milliseconds since any fixed moment. */
  now(): number;
  /** Calls back after a number of milliseconds. */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Clears a timer that `setTimeout` returned. */
  clearTimeout(timer: unknown): void;
}

/** Real time, which no change of the system's clock affects. */
export const realClock: TimerClock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};
