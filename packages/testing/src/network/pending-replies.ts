import type { Frame } from "@halyard/protocol/wire";

/** The frames of one client that the server has not answered: its `hello`, its sends and its requests. */
export class PendingReplies {
  readonly #pending = new Map<number | string, { isAbandoned: boolean }>();

  /** Whether a reply is missing that is still worth waiting for. */
  get isWaiting(): boolean {
    for (const { isAbandoned } of this.#pending.values()) if (!isAbandoned) return true;
    return false;
  }

  sent({ type, $ = {} }: Frame): void {
    const key = type === "hello" ? type : ($.seq ?? $.id);
    if (key !== undefined) this.#pending.set(key, { isAbandoned: false });
  }

  received({ type, $ = {} }: Frame): void {
    if (type === "welcome") this.#pending.delete("hello");
    if ($.re !== undefined) this.#pending.delete($.re);
  }

  /** Stops waiting for the current ones, because their handlers wait for the clock or for something outside this process. */
  abandon(): void {
    for (const reply of this.#pending.values()) reply.isAbandoned = true;
  }

  clear(): void {
    this.#pending.clear();
  }
}
