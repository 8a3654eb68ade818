/** How often the typing indicators of a channel may go out. Without a channel, the key is undefined. */
export class TypingThrottle {
  readonly #intervalMs: number;
  readonly #sentAt = new Map<string | undefined, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Whether an indicator goes out now: the first of a row, one per interval after it, and one end. */
  isDue(channel: string | undefined, isTyping: boolean, now: number): boolean {
    if (!isTyping) return this.#sentAt.delete(channel);
    // A clock that was set back must not silence anybody.
    if (Math.abs(now - (this.#sentAt.get(channel) ?? -Infinity)) < this.#intervalMs) return false;
    this.#sentAt.set(channel, now);
    return true;
  }

  /** A chat message ends its author's typing at every receiver: nothing has to be said. */
  ended(channel: string | undefined): void {
    this.#sentAt.delete(channel);
  }

  /** The server ends the typing of a connection that is gone. */
  clear(): void {
    this.#sentAt.clear();
  }
}
