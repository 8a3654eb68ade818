type Method = (...parameters: never[]) => unknown;

/** Wrappers that were undone while another one was above them, and what each had wrapped. */
const undone = new WeakMap<object, Method>();

/**
 * Replaces a method of an object with a wrapper.
 *
 * @returns a function that undoes it. A wrapper beneath another one passes its calls on, until the one above is undone, too
 */
export function wrapMethod<TTarget extends object, TName extends keyof TTarget>(
  target: TTarget,
  name: TName,
  wrap: (original: TTarget[TName]) => TTarget[TName],
): () => void {
  const methods = target as Record<TName, Method | undefined>;
  const original = methods[name];
  if (original === undefined) return () => undefined;
  const bound = original.bind(target);
  let call = wrap(bound as TTarget[TName]) as Method;
  const wrapped: Method = (...parameters) => call(...parameters);
  methods[name] = wrapped;
  return () => {
    call = bound;
    undone.set(wrapped, original);
    for (let top = methods[name]; top !== undefined; top = undone.get(top)) methods[name] = top;
  };
}
