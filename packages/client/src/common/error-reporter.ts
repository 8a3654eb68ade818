import type { Clock } from "./clock.ts";

/**
 * Reports an error of the application's own functions to `onError`. Without `onError`, or when `onError` throws, the
 * error is thrown in a task of its own: the platform reports it there, and no code of the client is interrupted.
 */
export function errorReporter(
  clock: Clock,
  onError: ((error: unknown) => void) | undefined,
): (error: unknown) => void {
  const rethrow = (error: unknown) => {
    clock.setTimeout(() => {
      throw error;
    }, 0);
  };
  return (error) => {
    try {
      (onError ?? rethrow)(error);
    } catch (failure) {
      rethrow(failure);
    }
  };
}
