import { isPromise } from "@halyard/protocol/internal";

/** A value, or a promise of it. */
export type MaybePromise<TValue> = TValue | Promise<TValue>;

/** A registered symbol, so that it also works between a backplane and a manager from different copies of this package. */
const VALUE: unique symbol = Symbol.for("halyard.value.1");

interface ResolvedPromise<TValue> extends Promise<TValue> {
  [VALUE]?: TValue;
}

/**
 * A promise whose value is already known: {@link unwrapResolved} reads it in the same turn. A channel of the memory
 * backplane thus opens without a pending promise.
 */
export function resolvedPromise<TValue>(value: TValue): Promise<TValue> {
  const promise: ResolvedPromise<TValue> = Promise.resolve(value);
  promise[VALUE] = value;
  return promise;
}

/** The value of a {@link resolvedPromise}; any other promise or value unchanged. */
export function unwrapResolved<TValue>(value: MaybePromise<TValue>): MaybePromise<TValue> {
  return isPromise(value) && VALUE in value ? ((value as ResolvedPromise<TValue>)[VALUE] as TValue) : value;
}

/** A promise that rejects with this error. */
export function rejectedPromise(error: unknown): Promise<never> {
  return new Promise(() => {
    throw error;
  });
}

/**
 * Continues with a value in the same turn, and with a promise when it resolves. On Bun, an upgrade that is answered in the
 * turn of its request keeps no memory for the request.
 */
export function andThen<TValue, TResult>(
  value: MaybePromise<TValue>,
  next: (value: TValue) => MaybePromise<TResult>,
): MaybePromise<TResult> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Like {@link andThen}, but an error or rejection is passed to `fail`, which throws. */
export function andThenOr<TValue, TResult>(
  value: MaybePromise<TValue>,
  next: (value: TValue) => MaybePromise<TResult>,
  fail: (error: unknown) => never,
): MaybePromise<TResult> {
  try {
    const result = andThen(value, next);
    return isPromise(result) ? result.catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}

/** All values, in the same turn unless one of them is a promise. */
export function whenAll<TValue>(values: readonly MaybePromise<TValue>[]): MaybePromise<readonly TValue[]> {
  return values.some((value) => isPromise(value)) ? Promise.all(values) : (values as readonly TValue[]);
}

/** Runs a task, and turns an error or rejection into a value. */
export function recover<TValue>(
  task: () => MaybePromise<TValue>,
  toValue: (error: unknown) => TValue,
): MaybePromise<TValue> {
  try {
    const value = task();
    return isPromise(value) ? value.catch(toValue) : value;
  } catch (error) {
    return toValue(error);
  }
}
