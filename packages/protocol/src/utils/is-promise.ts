// Tells a promise from a value that is already there.
// Used by protocol and server wherever something may answer at once or later.
// Guarantee: also knows the promises of `async` functions where the global `Promise` was replaced, as zone.js of Angular does.

const NativePromise = (async () => {})().constructor as typeof Promise;

/** Whether this is a promise, and not a value. What merely has a `then` is a value: see `isThenable`. */
export function isPromise<TValue>(value: TValue | Promise<TValue>): value is Promise<TValue> {
  return value instanceof Promise || value instanceof NativePromise;
}
