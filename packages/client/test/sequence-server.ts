import type { Frame } from "@halyard/protocol/wire";

/** A server may forget a client that has sent nothing for so long. */
const MEMORY_MS = 300_000;

/**
 * A model of the server's part of PROTOCOL.md §4: it accepts only the next sequence number, and remembers its replies for
 * five minutes. It throws when a client breaks the protocol.
 */
export class SequenceServer {
  #next: number | undefined;
  #usedAt = 0;
  #hasLost = false;
  /** The numbers that are used since the server has known this client. */
  readonly #known = new Set<number>();
  /** The contents of all messages that took effect, in order, for each run of the server. */
  readonly lives: string[][] = [[]];

  /** @returns whether the number is accepted, now or earlier; if not, the reply is `conflict` */
  take(frame: Frame, now: number): boolean {
    const seq = frame.$?.seq ?? NaN;
    if (this.#next === undefined) this.#next = seq;
    this.#usedAt = now;
    if (seq > this.#next) {
      if (this.#hasLost) return false;
      throw new Error(`${String(seq)} came, ${String(this.#next)} is missing`);
    }
    if (this.#known.has(seq)) return true;
    if (seq < this.#next) {
      if (frame.type === "skip") return false;
      throw new Error(`${String(seq)} came after ${String(this.#next)}`);
    }
    this.#known.add(seq);
    this.#next = seq + 1;
    if (frame.type !== "skip") this.lives.at(-1)?.push(String(frame["content"]));
    return true;
  }

  /** Loses the latest numbers: a failure that the protocol does not allow for, and from which a client must recover. */
  lose(count: number): void {
    if (this.#next === undefined) return;
    this.#hasLost = true;
    this.lives.push([]);
    for (let n = 0; n < count && this.#next > 1; n++) this.#known.delete(--this.#next);
  }

  forget(now: number): void {
    if (now - this.#usedAt >= MEMORY_MS) this.#clear();
  }

  /** Restarts without its state: a message that ran without a reply may run again. */
  die(): void {
    this.#clear();
    this.lives.push([]);
  }

  #clear(): void {
    this.#next = undefined;
    this.#known.clear();
  }
}
