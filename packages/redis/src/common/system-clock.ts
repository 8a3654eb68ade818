import { serverTime } from "@halyard/protocol/internal";
import type { Clock } from "@halyard/server";

/** The clock of the runtime. It starts at the date of its start, and is not set when the date is. */
export const systemClock: Clock = {
  ...serverTime,
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => {
    clearTimeout(timer as NodeJS.Timeout);
  },
  setImmediate,
  random: () => Math.random(),
};
