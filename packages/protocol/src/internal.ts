// The entry `@halyard/protocol/internal`: for the packages of Halyard only, no promise.
// Imported by server, client and better-auth for the helpers that more than one of them needs.
// Guarantee: nothing reachable from here imports zod or uses a timer.
export { printable, printableAscii } from "./printable-text.ts";
export { TokenBucket } from "./token-bucket.ts";

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
