/** A value that is here, or will be. */
export type Eventual<TValue> = TValue | Promise<TValue>;

const VALUE = Symbol("value");

interface Known<TValue> extends Promise<TValue> {
  [VALUE]?: TValue;
}

/**
 * A promise of what is known already: for whoever only knows promises it is one, and {@link after} goes on at once. Most
 * connects wait for nothing, and then make no promises, which would stay in the heap between what lives.
 */
export function known<TValue>(value: TValue): Promise<TValue> {
  const promise: Known<TValue> = Promise.resolve(value);
  promise[VALUE] = value;
  return promise;
}

/** Goes on with a value: in this turn where it is here, and then what `next` throws is thrown. */
export function after<TValue, TNext>(
  value: Eventual<TValue>,
  next: (value: TValue) => Eventual<TNext>,
): Eventual<TNext> {
  if (!(value instanceof Promise)) return next(value);
  return VALUE in value ? next((value as Known<TValue>)[VALUE] as TValue) : value.then(next);
}

/** What `run` gives, or what `failed` makes of its error: of one that is thrown as of one that comes later. */
export function attempt<TValue>(
  run: () => Eventual<TValue>,
  failed: (error: unknown) => TValue,
): Eventual<TValue> {
  try {
    const result = run();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}

/** What `run` gives, for those who only know promises: an error that it throws is a rejection. */
export function promised<TValue>(run: () => Eventual<TValue>): Promise<TValue> {
  return new Promise((resolve) => {
    resolve(run());
  });
}

/** All values, in their order. */
export function all<TValue>(values: readonly Eventual<TValue>[]): Eventual<readonly TValue[]> {
  return values.every(isHere) ? values : Promise.all(values);
}

function isHere<TValue>(value: Eventual<TValue>): value is TValue {
  return !(value instanceof Promise);
}
