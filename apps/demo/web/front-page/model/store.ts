/** A value for `useSyncExternalStore` of React: the same object until it changes. */
export interface Store<TValue> {
  readonly get: () => TValue;
  readonly set: (value: TValue) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export function createStore<TValue>(initial: TValue): Store<TValue> {
  const listeners = new Set<() => void>();
  let current = initial;
  return {
    get: () => current,
    set(value) {
      if (Object.is(value, current)) return;
      current = value;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
