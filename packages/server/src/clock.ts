import type { Clock } from "./types.js";

declare const globalThis: {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  setImmediate(callback: () => void): void;
};

/** The runtime's own time and chance. Timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(callback, ms) {
    const timer = globalThis.setTimeout(callback, ms);
    (timer as { unref?: () => void }).unref?.();
    return timer;
  },
  clearTimeout: (timer) => {
    globalThis.clearTimeout(timer);
  },
  setImmediate: (callback) => {
    globalThis.setImmediate(callback);
  },
  random: () => Math.random(),
};
