import type { Clock } from "../types.ts";

interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  setImmediate(callback: () => void): void;
}

/** What every runtime of this package has; named here because the core loads no runtime's types. */
const runtimeTimers = globalThis as unknown as Timers;

/** The runtime's own time and chance. Timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
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
