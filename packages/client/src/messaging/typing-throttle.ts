/** Decides which typing indicators of a channel are sent. Without a channel, the key is undefined. */
export class TypingThrottle {
  readonly #intervalMs: number;
  readonly #sentAt = new Map<string | undefined, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** True for the first indicator, for one per interval after it, and for the one that ends the typing. */
  isDue(channel: string | undefined, isTyping: boolean, now: number): boolean {
    if (!isTyping) return this.#sentAt.delete(channel);
    if (now - (this.#sentAt.get(channel) ?? -Infinity) < this.#intervalMs) return false;
    this.#sentAt.set(channel, now);
    return true;
  }

  /** Call when a chat message was sent: receivers end the typing themselves, so no indicator is needed. */
  onChatMessage(channel: string | undefined): void {
    this.#sentAt.delete(channel);
  }

  /** Call when the connection was lost: the server has ended the typing. */
  clear(): void {
    this.#sentAt.clear();
  }
}
