import { LimitError } from "./errors.ts";

/** More than anybody needs who does not attack; and few enough to wait for an `authorize` that is slow. */
const MAX_PENDING_OPERATIONS = 1_024;

/** The joins and leaves of one connection: those of one room happen in the order in which they were asked for. */
export class KeyedSerialQueue {
  readonly #last = new Map<string, Promise<void>>();
  #pending = 0;

  get size(): number {
    return this.#last.size;
  }

  /** Runs at once, unless something is under way for this room. Rejects as the move itself does, or with `limit_exceeded`. */
  async run(key: string, operation: () => Promise<void>): Promise<void> {
    if (this.#pending >= MAX_PENDING_OPERATIONS)
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
