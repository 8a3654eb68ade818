import type { Frame } from "@halyard/protocol/wire";

/** After so long without use, a server may forget a client. */
export const MEMORY_MS = 300_000;

/**
 * What PROTOCOL.md §4 says about sends, as a model: it takes only the next number, remembers what it answered, and after
 * five minutes nothing. Everything that a client must never do to it throws.
 */
export class SequenceServer {
  #next: number | undefined;
  #usedAt = 0;
  #hasLost = false;
  /** Numbers that have been used since the memory began. */
  readonly #known = new Set<number>();
  /** The contents of all messages that took effect, in order, for each life of the server. */
  readonly lives: string[][] = [[]];

  /** @returns whether the number is accepted, now or earlier; if not, the answer is `conflict` */
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

  /** What was stored last is gone: a failure that the protocol does not allow for, and that must not be for ever. */
  lose(count: number): void {
    if (this.#next === undefined) return;
    this.#hasLost = true;
    this.lives.push([]);
    for (let n = 0; n < count && this.#next > 1; n++) this.#known.delete(--this.#next);
  }

  forget(now: number): void {
    if (now - this.#usedAt >= MEMORY_MS) this.#clear();
  }

  /** It starts anew and knows nobody: what ran without an answer may run again. */
  die(): void {
    this.#clear();
    this.lives.push([]);
  }

  #clear(): void {
    this.#next = undefined;
    this.#known.clear();
  }
}
