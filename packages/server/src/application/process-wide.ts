/**
 * A map of the application's objects, shared by all copies of this package in the process: the ES module, the
 * CommonJS one, another version.
 *
 * @param name ends in a version number, which changes when the type of the values changes
 */
export function processWide<TValue>(name: string): WeakMap<object, TValue> {
  const known = globalThis as Record<symbol, unknown>;
  return (known[Symbol.for(name)] ??= new WeakMap()) as WeakMap<object, TValue>;
}
