/** A message encoded for the wire, once for all its readers. */
export class OutboundFrame {
  readonly text: string;
  /** Dropped first when a reader is slow. */
  readonly ephemeral: boolean;
  /** False for an answer, which goes to one connection only: nothing is kept of it for others. */
  readonly isShared: boolean;
  /** What the runtime's transport made of the text; the same for every reader. */
  encoded: Uint8Array | undefined = undefined;
  /** It is part of a longer piece somewhere. */
  wasConcatenated = false;
  compressed: Uint8Array | undefined = undefined;

  constructor(text: string, ephemeral = false, isShared = true) {
    this.text = text;
    this.ephemeral = ephemeral;
    this.isShared = isShared;
  }
}

/**
 * The frames that one connection gets in one turn, as a list that connections share: whoever gets the same frames in
 * the same order holds the same batch. So a fan-out costs a connection one pointer, and what a transport joins for the
 * first of them is ready for all the others.
 */
export class Batch {
  readonly previous: Batch | undefined;
  readonly frame: OutboundFrame | undefined;
  readonly length: number;
  /** Of all texts. */
  readonly chars: number;
  readonly hasEphemeral: boolean;
  /** All frames as one piece of the wire, when a transport has joined them. */
  concatenated: Uint8Array | undefined = undefined;
  joinedCompressed: Uint8Array | undefined = undefined;
  /** Many have it, or a transport has written it once: whoever has it too shares what is joined then. */
  isShared = false;
  #frames: readonly OutboundFrame[] | undefined = undefined;
  #lastAppendedFrame: OutboundFrame | undefined = undefined;
  #lastAppendedBatch: Batch | undefined = undefined;

  constructor(previous?: Batch, frame?: OutboundFrame) {
    this.previous = previous;
    this.frame = frame;
    this.length = previous === undefined ? 0 : previous.length + 1;
    this.chars = (previous?.chars ?? 0) + (frame?.text.length ?? 0);
    this.hasEphemeral = frame?.ephemeral === true || previous?.hasEphemeral === true;
  }

  append(frame: OutboundFrame): Batch {
    if (!frame.isShared) return new Batch(this, frame);
    if (this.#lastAppendedFrame === frame && this.#lastAppendedBatch !== undefined)
      return this.#lastAppendedBatch;
    this.#lastAppendedFrame = frame;
    this.#lastAppendedBatch = new Batch(this, frame);
    return this.#lastAppendedBatch;
  }

  /** Forgets what others added to it. */
  clearCache(): void {
    this.#lastAppendedFrame = undefined;
    this.#lastAppendedBatch = undefined;
  }

  /** First to last. */
  frames(): readonly OutboundFrame[] {
    this.#frames ??= this.#collect();
    return this.#frames;
  }

  #collect(): OutboundFrame[] {
    const frames: OutboundFrame[] = this.frame === undefined ? [] : [this.frame];
    for (let batch = this.previous; batch?.frame !== undefined; batch = batch.previous)
      frames.push(batch.frame);
    return frames.reverse();
  }
}
