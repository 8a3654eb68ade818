import type { Clock } from "./clock.ts";

/**
 * Reports an error of the application's functions to `onError`. Without `onError`, the error is thrown in its own
 * task, where the platform reports it without interrupting the client. What `onError` itself throws or rejects with
 * is written to the console, because throwing it again would end a Node process.
 */
export function errorReporter(
  clock: Clock,
  onError: ((error: unknown) => unknown) | undefined,
): (error: unknown) => void {
  if (onError)
    // eslint-disable-next-line no-console -- nothing else can receive an error of `onError`
    return (error) => void new Promise((resolve) => resolve(onError(error))).catch(console.error);
  return (error) => {
    clock.setTimeout(() => {
      throw error;
    }, 0);
  };
}
