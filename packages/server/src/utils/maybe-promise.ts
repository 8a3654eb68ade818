/** A value that is here, or will be. */
export type MaybePromise<TValue> = TValue | Promise<TValue>;

const VALUE = Symbol("value");

interface ResolvedPromise<TValue> extends Promise<TValue> {
  [VALUE]?: TValue;
}

/**
 * A promise of what is known already: for whoever only knows promises it is one, and {@link unwrapResolved} finds the value. Most
 * connects wait for nothing, and are one turn then: what they would leave in the heap otherwise lies between what lives,
 * and costs a connection more than it takes itself. So whoever goes on in the same turn makes no closure for it either.
 */
export function resolvedPromise<TValue>(value: TValue): Promise<TValue> {
  const promise: ResolvedPromise<TValue> = Promise.resolve(value);
  promise[VALUE] = value;
  return promise;
}

/** The value, where it is known; else the promise. */
export function unwrapResolved<TValue>(value: MaybePromise<TValue>): MaybePromise<TValue> {
  return value instanceof Promise && VALUE in value
    ? ((value as ResolvedPromise<TValue>)[VALUE] as TValue)
    : value;
}

/** An error, for those who only know promises. */
export function rejectedPromise(error: unknown): Promise<never> {
  return new Promise(() => {
    throw error;
  });
}
