/**
 * Replaces a method of an object by a wrapper of it.
 *
 * @returns restores the original method, unless the method was wrapped again since
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
