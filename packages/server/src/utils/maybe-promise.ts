/** A value, or a promise of it. */
export type MaybePromise<TValue> = TValue | Promise<TValue>;

const VALUE = Symbol("value");

interface ResolvedPromise<TValue> extends Promise<TValue> {
  [VALUE]?: TValue;
}

/**
 * A promise whose value is known already: {@link unwrapResolved} finds the value in the same turn. A channel of the memory
 * backplane is opened without a pending promise this way.
 */
export function resolvedPromise<TValue>(value: TValue): Promise<TValue> {
  const promise: ResolvedPromise<TValue> = Promise.resolve(value);
  promise[VALUE] = value;
  return promise;
}

/** The value of a {@link resolvedPromise}; any other promise or value as it is. */
export function unwrapResolved<TValue>(value: MaybePromise<TValue>): MaybePromise<TValue> {
  return value instanceof Promise && VALUE in value
    ? ((value as ResolvedPromise<TValue>)[VALUE] as TValue)
    : value;
}

/** A promise that rejects with this error. */
export function rejectedPromise(error: unknown): Promise<never> {
  return new Promise(() => {
    throw error;
  });
}
