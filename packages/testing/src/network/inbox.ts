interface Waiter {
  readonly resolve: (message: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a client heard, by type, until a test takes it. */
export class Inbox {
  readonly #messages = new Map<string, unknown[]>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #counts = new Map<string, number>();

  knows(type: string): boolean {
    return this.#messages.has(type);
  }

  /** From now on, messages of this type are expected to be added. */
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
   * The oldest message of a type that was not taken yet, or the next one.
   *
   * @param idle resolves when there is no point in waiting any longer
   * @param explain says why nothing came
   */
  take(type: string, idle: () => Promise<void>, explain: () => string): Promise<unknown> {
    const messages = this.#messages.get(type) ?? [];
    if (messages.length > 0) return Promise.resolve(messages.shift());
    const arrival = new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject };
      const waiters = this.#waiters.get(type) ?? [];
      this.#waiters.set(type, waiters);
      waiters.push(waiter);
      void idle().then(() => {
        const place = waiters.indexOf(waiter);
        if (place === -1) return;
        waiters.splice(place, 1);
        reject(new Error(explain()));
      });
    });
    // A test may look at it later, or never: that alone is no reason to end the process.
    arrival.catch(() => {});
    return arrival;
  }

  /** `user_list (1), chat_message (2)` */
  summary(): string {
    return [...this.#counts].map(([type, count]) => `${type} (${count})`).join(", ") || "nothing";
  }
}
