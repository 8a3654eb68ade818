import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "@halyard/server";

/** Rejects with `unavailable` unless the promise settles in time. */
export function settleWithin<TResult>(clock: Clock, ms: number, promise: Promise<TResult>): Promise<TResult> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(
      () => reject(new HalyardError("unavailable", "Redis does not answer.")),
      ms,
    );
    promise.then(
      (result) => {
        clock.clearTimeout(timer);
        resolve(result);
      },
      (error: unknown) => {
        clock.clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
