interface Waiter {
  readonly resolve: (message: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The messages that a client received, by type, until a test reads them. */
export class Inbox {
  readonly #messages = new Map<string, unknown[]>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #counts = new Map<string, number>();

  /** Whether messages of this type are stored already. */
  knows(type: string): boolean {
    return this.#messages.has(type);
  }

  /** Stores messages of this type from now on. */
  open(type: string): void {
    this.#messages.set(type, []);
  }

  add(type: string, message: unknown): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
    const waiter = this.#waiters.get(type)?.shift();
    if (waiter) waiter.resolve(message);
    else this.#messages.get(type)?.push(message);
  }

  /**
   * The oldest message of a type that was not returned yet, or the next one that arrives.
   *
   * @param idle resolves when waiting any longer is pointless
   * @param explain the text of the error for a message that did not arrive
   */
  next(type: string, idle: () => Promise<void>, explain: () => string): Promise<unknown> {
    const messages = this.#messages.get(type) ?? [];
    if (messages.length > 0) return Promise.resolve(messages.shift());
    const arrival = new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject };
      const waiters = this.#waiters.get(type) ?? [];
      this.#waiters.set(type, waiters);
      waiters.push(waiter);
      void idle().then(() => {
        const index = waiters.indexOf(waiter);
        if (index === -1) return;
        waiters.splice(index, 1);
        reject(new Error(explain()));
      });
    });
    // A test may await the promise later or never. Without this handler its rejection would end the process.
    arrival.catch(() => {});
    return arrival;
  }

  /** `user_list (1), chat_message (2)` */
  summary(): string {
    return [...this.#counts].map(([type, count]) => `${type} (${count})`).join(", ") || "nothing";
  }
}
