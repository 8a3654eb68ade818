import { LimitError } from "./errors.ts";

/** The bound for one connection: more than an honest client needs, and few enough to let them wait for a slow `authorize`. */
const MAX_PENDING_OPERATIONS = 1_024;

/** Runs the operations of one key one after the other, and those of different keys in parallel. */
export class KeyedSerialQueue {
  readonly #last = new Map<string, Promise<void>>();
  readonly #maxPending: number;
  #pending = 0;

  /** @param maxPending how many operations of all keys together may run and wait */
  constructor(maxPending = MAX_PENDING_OPERATIONS) {
    this.#maxPending = maxPending;
  }

  get size(): number {
    return this.#last.size;
  }

  /** Settles with the operations of this key that were added so far; undefined if there are none. May reject. */
  afterAdded(key: string): Promise<void> | undefined {
    return this.#last.get(key);
  }

  /** Runs an operation, at once unless one of this key is running. Rejects like the operation, or with `limit_exceeded`. */
  async run(key: string, operation: () => Promise<void>): Promise<void> {
    if (this.#pending >= this.#maxPending)
      throw new LimitError("limit_exceeded", "rooms", { message: "Too many joins and leaves wait." });
    const previous = this.#last.get(key);
    const running = previous === undefined ? operation() : previous.then(operation, operation);
    this.#last.set(key, running);
    this.#pending++;
    try {
      await running;
    } finally {
      this.#pending--;
      if (this.#last.get(key) === running) this.#last.delete(key);
    }
  }
}
