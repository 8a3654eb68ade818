import type { Clock } from "./clock.ts";

/**
 * Says what went wrong in the application's own functions: to `onError`, or else by throwing it again in a task of its
 * own, where the platform reports it and nothing here is interrupted.
 */
export function reporter(
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
