import { createRandom } from "@halyard/testing";

/** Random numbers that repeat with their seed, in the forms that the fuzzer needs. */
export class SeededRandom {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** An integer of at least 0 and less than `end`. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  pick<TItem>(items: readonly TItem[]): TItem {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("Nothing to pick from.");
    return item;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Uint8Array.from({ length }, () => this.below(256)));
  }

  text(length: number): string {
    return Array.from({ length }, () => String.fromCodePoint(this.#codePoint())).join("");
  }

  #codePoint(): number {
    if (this.chance(0.7)) return 32 + this.below(95);
    if (this.chance(0.3)) return this.below(32);
    return this.pick([0x7f, 0x85, 0xa0, 0x202e, 0x2028, 0xfeff, 0xfffe, 0x1f600, 0x10ffff, 0xd7ff]);
  }
}
