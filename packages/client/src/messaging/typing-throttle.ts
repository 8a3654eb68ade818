/** Decides which typing indicators of a channel go out. Without a channel, the key is undefined. */
export class TypingThrottle {
  readonly #intervalMs: number;
  readonly #sentAt = new Map<string | undefined, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** True for the first indicator, for one in each interval after it, and for the one that ends the typing. */
  isDue(channel: string | undefined, isTyping: boolean, now: number): boolean {
    if (!isTyping) return this.#sentAt.delete(channel);
    if (now - (this.#sentAt.get(channel) ?? -Infinity) < this.#intervalMs) return false;
    this.#sentAt.set(channel, now);
    return true;
  }

  /** A chat message was sent: it ends the typing at every receiver, and no indicator has to. */
  onChatMessage(channel: string | undefined): void {
    this.#sentAt.delete(channel);
  }

  /** The connection is gone, and the server has ended the typing. */
  clear(): void {
    this.#sentAt.clear();
  }
}
