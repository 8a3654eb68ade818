import { serverTime } from "@halyard/protocol/internal";
import type { Clock } from "@halyard/server";

/** The clock of the runtime. It starts with the date, but does not change when the date is set later. */
export const systemClock: Clock = {
  ...serverTime,
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => {
    clearTimeout(timer as NodeJS.Timeout);
  },
  setImmediate,
  random: () => Math.random(),
};
