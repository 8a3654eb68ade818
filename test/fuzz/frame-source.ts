import { Dice } from "./seeded-random.ts";
import { HostileMessages } from "./hostile-messages.ts";
import type { Voice } from "./hostile-messages.ts";
import { brokenFrame, fragmentsOf, frameOf, otherFrame } from "./fuzz-frames.ts";

/** One frame to throw. */
export interface Throw {
  readonly bytes: Buffer;
  /** The connection is of no use after it: nothing may be sent, and the server need not say anything. */
  readonly isLast: boolean;
}

/** Random, mutated and structure-aware frames, the same ones for the same seed. */
export class FrameSource {
  readonly dice: Dice;
  readonly #messages: HostileMessages;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.#messages = new HostileMessages(this.dice);
  }

  hello(voice: Voice): Buffer {
    return frameOf(Buffer.from(this.#messages.hello(voice)));
  }

  next(voice: Voice): Throw {
    const { dice } = this;
    const throwOf = dice.below(100);
    if (throwOf < 2) return { bytes: brokenFrame(dice), isLast: true };
    if (throwOf < 6) return { bytes: otherFrame(dice), isLast: false };
    if (throwOf < 8) return { bytes: frameOf(dice.bytes(dice.below(200))), isLast: false };
    if (throwOf < 14) return { bytes: frameOf(Buffer.from(dice.text(dice.below(200)))), isLast: false };
    if (throwOf < 16) return { bytes: frameOf(Buffer.from(this.#deep())), isLast: false };
    const json = Buffer.from(this.#messages.next(voice));
    const payload = throwOf < 40 ? this.#mutate(json) : json;
    const bytes = dice.chance(0.05) ? fragmentsOf(payload, dice) : frameOf(payload);
    return { bytes, isLast: false };
  }

  #deep(): string {
    const depth = this.dice.pick([31, 33, 1_000, 30_000]);
    return `{"type":"nested","value":${"[".repeat(depth)}${this.dice.chance(0.5) ? "]".repeat(depth) : ""}}`;
  }

  /** A few bytes set, cut out, doubled or put in. */
  #mutate(bytes: Buffer): Buffer {
    const { dice } = this;
    let mutant = bytes;
    for (let count = 1 + dice.below(4); count > 0; count--) {
      const at = dice.below(mutant.length);
      const [before, after] = [mutant.subarray(0, at), mutant.subarray(at)];
      const ascii = Buffer.from(
        dice.pick(['"', "{", "}", "[", "]", ",", ":", "\\", "\\u0000", "\\ud800", "null", "1e999"]),
      );
      mutant = Buffer.concat(
        dice.pick([
          () => [before, ascii, after],
          () => [before, after.subarray(1)],
          () => [before, after.subarray(dice.below(20))],
          () => [before, after, after],
          () => [before],
          () => [before, dice.chance(0.1) ? dice.bytes(2) : ascii, after.subarray(1)],
        ])(),
      );
      if (mutant.length === 0 || mutant.length > 200_000) return bytes;
    }
    return mutant;
  }
}
