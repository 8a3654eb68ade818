import type { Frame } from "@halyard/protocol/wire";

/** What a client has said on its connection and the server has not answered. */
export class Exchanges {
  readonly #open = new Map<number | string, { isGivenUp: boolean }>();

  /** Whether an answer is missing that is still worth waiting for. */
  get isWaiting(): boolean {
    for (const { isGivenUp } of this.#open.values()) if (!isGivenUp) return true;
    return false;
  }

  sent({ type, $ = {} }: Frame): void {
    const key = type === "hello" ? type : ($.seq ?? $.id);
    if (key !== undefined) this.#open.set(key, { isGivenUp: false });
  }

  received({ type, $ = {} }: Frame): void {
    if (type === "welcome") this.#open.delete("hello");
    if ($.re !== undefined) this.#open.delete($.re);
  }

  /** Whoever answers them waits for something that nobody here can see, or for the clock. */
  giveUp(): void {
    for (const exchange of this.#open.values()) exchange.isGivenUp = true;
  }

  clear(): void {
    this.#open.clear();
  }
}
