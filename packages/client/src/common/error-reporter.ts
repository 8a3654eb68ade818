import type { Clock } from "./clock.ts";

/**
 * Reports an error of the application's own functions to `onError`. Without `onError`, the error is thrown in a task of
 * its own: the platform reports it there, and no code of the client is interrupted. What `onError` throws or rejects with
 * is written to the console, because thrown again it would end a process.
 */
export function errorReporter(
  clock: Clock,
  onError: ((error: unknown) => unknown) | undefined,
): (error: unknown) => void {
  if (onError)
    // eslint-disable-next-line no-console -- what `onError` throws has no other receiver
    return (error) => void new Promise((resolve) => resolve(onError(error))).catch(console.error);
  return (error) => {
    clock.setTimeout(() => {
      throw error;
    }, 0);
  };
}
