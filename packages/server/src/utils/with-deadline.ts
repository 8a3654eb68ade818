import { isThenable } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "../types.ts";

/** When to stop waiting. */
export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  readonly onTimeout?: (() => void) | undefined;
}

/**
 * Waits for application code until a deadline. Any return value, a thenable that throws included, ends as a value, a
 * rejection or `timeout`. A rejection after the deadline is dropped here, so that it is never unhandled.
 */
export async function withDeadline<TValue>(
  value: TValue | PromiseLike<TValue>,
  deadline: Deadline,
): Promise<TValue> {
  if (!isThenable(value)) return value;
  let timer: unknown;
  const expired = new Promise<never>((_, reject) => {
    timer = deadline.clock.setTimeout(() => {
      deadline.onTimeout?.();
      reject(new HalyardError("timeout"));
    }, deadline.ms);
  });
  try {
    return await Promise.race([Promise.resolve(value), expired]);
  } finally {
    deadline.clock.clearTimeout(timer);
  }
}
