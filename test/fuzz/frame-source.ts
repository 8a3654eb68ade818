// The source of the fuzzer's frames.
// All attackers of a run share one, and with it one sequence of random numbers.
// A frame with `isLast` must be the last one of its connection.
import { brokenFrame, fragmentsOf, frameOf, otherFrame } from "./fuzz-frames.ts";
import { HostileMessages } from "./hostile-messages.ts";
import type { MessageSource } from "./hostile-messages.ts";
import { SeededRandom } from "./seeded-random.ts";

/** The next frame of an attacker. */
export interface FuzzFrame {
  readonly bytes: Buffer;
  /** Whether the connection ends with it: nothing may be sent after it, and the server need not answer. */
  readonly isLast: boolean;
}

/** Random, mutated and structure-aware frames; the same frames for the same seed. */
export class FrameSource {
  readonly random: SeededRandom;
  readonly #messages: HostileMessages;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.#messages = new HostileMessages(this.random);
  }

  hello(source: MessageSource): Buffer {
    return frameOf(Buffer.from(this.#messages.hello(source)));
  }

  next(source: MessageSource): FuzzFrame {
    const { random } = this;
    const kind = random.below(100);
    if (kind < 2) return { bytes: brokenFrame(random), isLast: true };
    if (kind < 6) return { bytes: otherFrame(random), isLast: false };
    if (kind < 8) return { bytes: frameOf(random.bytes(random.below(200))), isLast: false };
    if (kind < 14) return { bytes: frameOf(Buffer.from(random.text(random.below(200)))), isLast: false };
    if (kind < 16) return { bytes: frameOf(Buffer.from(this.#deep())), isLast: false };
    const json = Buffer.from(this.#messages.next(source));
    const payload = kind < 40 ? this.#mutate(json) : json;
    const bytes = random.chance(0.05) ? fragmentsOf(payload, random) : frameOf(payload);
    return { bytes, isLast: false };
  }

  #deep(): string {
    const depth = this.random.pick([31, 33, 1_000, 30_000]);
    return `{"type":"nested","value":${"[".repeat(depth)}${this.random.chance(0.5) ? "]".repeat(depth) : ""}}`;
  }

  /** Sets, cuts out, doubles or inserts a few bytes. */
  #mutate(bytes: Buffer): Buffer {
    const { random } = this;
    let mutant = bytes;
    for (let count = 1 + random.below(4); count > 0; count--) {
      const at = random.below(mutant.length);
      const [before, after] = [mutant.subarray(0, at), mutant.subarray(at)];
      const ascii = Buffer.from(
        random.pick(['"', "{", "}", "[", "]", ",", ":", "\\", "\\u0000", "\\ud800", "null", "1e999"]),
      );
      mutant = Buffer.concat(
        random.pick([
          () => [before, ascii, after],
          () => [before, after.subarray(1)],
          () => [before, after.subarray(random.below(20))],
          () => [before, after, after],
          () => [before],
          () => [before, random.chance(0.1) ? random.bytes(2) : ascii, after.subarray(1)],
        ])(),
      );
      if (mutant.length === 0 || mutant.length > 200_000) return bytes;
    }
    return mutant;
  }
}
