/**
 * Replaces a method of an object with a wrapper.
 *
 * @returns a function that restores the original method, unless the method was wrapped again meanwhile
 */
export function wrapMethod<TTarget extends object, TName extends keyof TTarget>(
  target: TTarget,
  name: TName,
  wrap: (original: TTarget[TName]) => TTarget[TName],
): () => void {
  const original = target[name];
  const bound = typeof original === "function" ? (original.bind(target) as TTarget[TName]) : original;
  const wrapped = wrap(bound);
  target[name] = wrapped;
  return () => {
    if (target[name] === wrapped) target[name] = original;
  };
}
