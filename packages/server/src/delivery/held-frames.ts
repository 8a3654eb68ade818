import type { Batch, OutboundFrame } from "./outbound-frame.ts";

/** The frames of one connection that wait until its socket has sent what went before, in order. */
export class HeldFrames {
  readonly #frames: OutboundFrame[] = [];
  #chars = 0;
  #replayChars = 0;
  /** The flush that took a piece last: one piece a turn. */
  lastFlush = -1;

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** The characters of the frames that are no replay. */
  get otherChars(): number {
    return Math.max(0, this.#chars - this.#replayChars);
  }

  /** @param replayChars the characters among them that are a replay's */
  add(batch: Batch, replayChars: number): void {
    for (const frame of batch.frames()) this.#frames.push(frame);
    this.#chars += batch.chars;
    this.#replayChars += replayChars;
  }

  /** Takes the first frames: at most so many characters, and at least one frame. */
  take(maxChars: number, empty: Batch): { readonly piece: Batch; readonly replayChars: number } {
    let piece = empty;
    let count = 0;
    for (const frame of this.#frames) {
      if (count > 0 && piece.chars + frame.text.length > maxChars) break;
      piece = piece.append(frame);
      count++;
    }
    this.#frames.splice(0, count);
    this.#chars -= piece.chars;
    // A replay is held before anything that follows it.
    const replayChars = Math.min(this.#replayChars, piece.chars);
    this.#replayChars -= replayChars;
    return { piece, replayChars };
  }
}
