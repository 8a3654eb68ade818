import type { Clock } from "../types.ts";

interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  setImmediate(callback: () => void): void;
}

/** The timers of every supported runtime, declared here because the core loads no runtime's types. */
const runtimeTimers = globalThis as unknown as Timers;

/** What `performance` counts from. The date may be set later; `performance` goes on as it was. */
const STARTED_AT = Date.now() - performance.now();

/** The runtime's own time and randomness. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => STARTED_AT + performance.now(),
  date: () => Date.now(),
  setTimeout(callback, ms) {
    const timer = runtimeTimers.setTimeout(callback, ms);
    (timer as { unref?: () => void }).unref?.();
    return timer;
  },
  clearTimeout: (timer) => {
    runtimeTimers.clearTimeout(timer);
  },
  setImmediate: (callback) => {
    runtimeTimers.setImmediate(callback);
  },
  random: () => Math.random(),
};

/** The date by a clock, in ms since 1970. */
export function dateOf(clock: Pick<Clock, "now" | "date">): number {
  return clock.date?.() ?? clock.now();
}
