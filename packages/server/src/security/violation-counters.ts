import { SlidingWindowCounter } from "../utils/sliding-window-counter.ts";

const WINDOW_MS = 10_000;

/** Counts how often a connection broke a rule. Created by the first violation, because most connections have none. */
export class ViolationCounters {
  readonly invalid = new SlidingWindowCounter(WINDOW_MS);
  readonly refused = new SlidingWindowCounter(WINDOW_MS);
  oversized = 0;
  /** Whether the client was told that its first frame must be `hello`. */
  helloReminderSent = false;
}
