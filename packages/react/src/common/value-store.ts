import type { Store, Unsubscribe } from "@halyard/client";
import { isSame } from "./is-same.ts";

/** A list, or an object with fields, that components watch: the same object until an entry or a field changes. */
export class ValueStore<T extends object> implements Store<T> {
  #value: T;
  readonly #listeners = new Set<(value: T) => unknown>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly get = (): T => this.#value;

  /** Unlike a store of the client, it does not call the listener at once, because React reads the value itself. */
  readonly subscribe = (listener: (value: T) => unknown): Unsubscribe => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  set(value: T): void {
    if (isSame(Object.values(value), Object.values(this.#value))) return;
    this.#value = value;
    for (const listener of this.#listeners) listener(value);
  }
}
