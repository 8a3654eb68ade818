import type { Batch, OutboundFrame } from "./outbound-frame.ts";

/** The frames of one connection that wait, in order, until its socket has sent earlier ones. */
export class HeldFrames {
  readonly #frames: OutboundFrame[] = [];
  #chars = 0;
  #replayChars = 0;
  /** The last flush that took a piece, because each turn takes only one. */
  lastFlush = -1;

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** The characters of the frames that are not part of a replay. */
  get otherChars(): number {
    return Math.max(0, this.#chars - this.#replayChars);
  }

  /** @param replayChars how many of the characters belong to a replay */
  add(batch: Batch, replayChars: number): void {
    for (const frame of batch.frames()) this.#frames.push(frame);
    this.#chars += batch.chars;
    this.#replayChars += replayChars;
  }

  /** Takes the first frames: at most `maxChars` characters, but at least one frame. */
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
    // The frames of a replay come before everything else that is held.
    const replayChars = Math.min(this.#replayChars, piece.chars);
    this.#replayChars -= replayChars;
    return { piece, replayChars };
  }
}
