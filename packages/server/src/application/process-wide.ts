/**
 * What is known of objects of the application, in all copies of this package that a process has: the ES module, the
 * CommonJS one, another version.
 *
 * @param name ends in a number that a change of the values' type changes
 */
export function processWide<TValue>(name: string): WeakMap<object, TValue> {
  const known = globalThis as Record<symbol, unknown>;
  return (known[Symbol.for(name)] ??= new WeakMap()) as WeakMap<object, TValue>;
}
