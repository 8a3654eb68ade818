import { SlidingWindowCounter } from "../utils/token-bucket.ts";

const WINDOW_MS = 10_000;

/** What a peer has done that it should not have. Most have done nothing. */
export class ViolationCounters {
  readonly invalid = new SlidingWindowCounter(WINDOW_MS);
  readonly refused = new SlidingWindowCounter(WINDOW_MS);
  oversized = 0;
  /** Was told once that `hello` is due. */
  helloReminderSent = false;
}
