import { isThenable } from "@halyard/protocol/internal";
import type { Clock } from "../types.ts";
import { DeadlineError } from "./errors.ts";

/** The time after which to stop waiting. */
export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  readonly onTimeout?: (() => void) | undefined;
}

/**
 * Waits for application code until a deadline. Any return value, including a thenable that throws, becomes a value, a
 * rejection or `timeout`. A rejection after the deadline is ignored here, so that it is never unhandled.
 */
export function withDeadline<TValue>(
  value: TValue | PromiseLike<TValue>,
  { clock, ms, onTimeout }: Deadline,
): Promise<TValue> {
  return new Promise((resolve, reject) => {
    if (!isThenable(value)) {
      resolve(value);
      return;
    }
    const timer = clock.setTimeout(() => {
      onTimeout?.();
      reject(new DeadlineError());
    }, ms);
    const stop = (): void => {
      clock.clearTimeout(timer);
    };
    const settling = Promise.resolve(value);
    settling.then(stop, stop);
    settling.then(resolve, reject);
  });
}

/** Waits until a value settles, but no longer than until a deadline. Rejects with what the value rejects with before it. */
export async function untilDeadline(value: PromiseLike<unknown>, deadline: Deadline): Promise<void> {
  try {
    await withDeadline(value, deadline);
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  }
}
