/** A value that is here, or will be. */
export type Eventual<TValue> = TValue | Promise<TValue>;

const VALUE = Symbol("value");

interface Known<TValue> extends Promise<TValue> {
  [VALUE]?: TValue;
}

/**
 * A promise of what is known already: for whoever only knows promises it is one, and {@link here} finds the value. Most
 * connects wait for nothing, and are one turn then: what they would leave in the heap otherwise lies between what lives,
 * and costs a connection more than it takes itself. So whoever goes on in the same turn makes no closure for it either.
 */
export function known<TValue>(value: TValue): Promise<TValue> {
  const promise: Known<TValue> = Promise.resolve(value);
  promise[VALUE] = value;
  return promise;
}

/** The value, where it is known; else the promise. */
export function here<TValue>(value: Eventual<TValue>): Eventual<TValue> {
  return value instanceof Promise && VALUE in value ? ((value as Known<TValue>)[VALUE] as TValue) : value;
}

/** An error, for those who only know promises. */
export function failed(error: unknown): Promise<never> {
  return new Promise(() => {
    throw error;
  });
}

/** All values, in their order. */
export function all<TValue>(values: readonly Eventual<TValue>[]): Eventual<readonly TValue[]> {
  return values.every(isHere) ? values : Promise.all(values);
}

function isHere<TValue>(value: Eventual<TValue>): value is TValue {
  return !(value instanceof Promise);
}
