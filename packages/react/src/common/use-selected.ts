import type { Store } from "@halyard/client";
import { useState, useSyncExternalStore } from "react";
import { isSame } from "./is-same.ts";

/**
 * The result of `select` for the value of a store. The component renders when the result changes; `select` may return a new list of the
 * same entries, and may be a new function on each render.
 *
 * @param store with the value used during server rendering and hydration
 */
export function useSelected<T, TSelected>(
  [store, serverValue]: readonly [Store<T>, T],
  select: (value: T) => TSelected,
): TSelected {
  const [last] = useState<{ value?: T; select?: typeof select; selected?: TSelected }>({});
  const selectFrom = (value: T): TSelected => {
    if (last.value !== value || last.select !== select) {
      const selected = select(value);
      Object.assign(last, { value, select });
      if (!isSame(last.selected, selected)) last.selected = selected;
    }
    return last.selected as TSelected;
  };
  return useSyncExternalStore(
    store.subscribe,
    () => selectFrom(store.get()),
    () => selectFrom(serverValue),
  );
}
