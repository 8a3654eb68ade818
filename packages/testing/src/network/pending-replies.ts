import type { Frame } from "@halyard/protocol/wire";

/** The frames of one connection without an answer: the `hello`, the sends and the requests of the client, and those of the server. */
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
    if ($.re !== undefined) this.#pending.delete(ofServer($.re));
  }

  received({ type, $ = {} }: Frame): void {
    if (type === "welcome") this.#pending.delete("hello");
    if ($.re !== undefined) this.#pending.delete($.re);
    if (type === "request" && $.id !== undefined) this.#pending.set(ofServer($.id), { isAbandoned: false });
  }

  /** Stops waiting for the current ones, because their handlers wait for the clock or for something outside this process. */
  abandon(): void {
    for (const reply of this.#pending.values()) reply.isAbandoned = true;
  }

  clear(): void {
    this.#pending.clear();
  }
}

/** The key of a request of the server, which has another than a request of the client with the same id. */
const ofServer = (id: number | string): string => `server ${id}`;
