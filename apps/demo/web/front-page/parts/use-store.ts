import { useSyncExternalStore } from "react";
import type { Store } from "../model/store.ts";

export function useStore<TValue>(store: Pick<Store<TValue>, "get" | "subscribe">): TValue {
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
