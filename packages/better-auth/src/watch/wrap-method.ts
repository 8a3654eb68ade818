/**
 * Puts another method in place of an object's own.
 *
 * @returns puts the first one back, unless somebody has wrapped it again since
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
