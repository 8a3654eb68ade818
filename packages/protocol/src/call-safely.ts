/**
 * Calls code of the application, and returns its answer. What it throws, and what it rejects with, goes to `onFailure`,
 * which must not throw.
 */
export function callSafely<TAnswer>(
  call: () => TAnswer,
  onFailure: (error: unknown) => void,
): TAnswer | undefined {
  try {
    const answer = call();
    if (isThenable(answer)) Promise.resolve(answer).then(undefined, onFailure);
    return answer;
  } catch (error) {
    onFailure(error);
    return undefined;
  }
}

/** Whether a value is awaited by `await`. Throws what a getter named `then` throws. */
export function isThenable<TValue>(value: TValue | PromiseLike<TValue>): value is PromiseLike<TValue> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
