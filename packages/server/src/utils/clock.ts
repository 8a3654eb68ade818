import { serverTime } from "@halyard/protocol/internal";
import type { Clock } from "../types.ts";

interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  setImmediate(callback: () => void): void;
}

/** The timers of every supported runtime, declared here because the core does not load the types of a runtime. */
const runtimeTimers = globalThis as unknown as Timers;

/** The longest delay of a timer; the runtimes fire a longer one immediately. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The runtime's own time and randomness. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  ...serverTime,
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

/** The same, with timers that keep the process alive, for what a process awaits that may have nothing else to do. */
export const holdingClock: Clock = {
  ...systemClock,
  setTimeout: (callback, ms) => runtimeTimers.setTimeout(callback, ms),
};
