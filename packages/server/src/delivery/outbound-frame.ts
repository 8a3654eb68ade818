// A message encoded for the wire, and the lists of frames that connections share.
// Channels and replies create frames; connections collect them in batches; transports write batches.
// A frame is encoded once per node and concatenated once per distinct batch, never once per connection.

/** A message encoded for the wire, once for all its recipients. */
export class OutboundFrame {
  readonly text: string;
  /** An ephemeral frame is dropped first for a slow reader. */
  readonly ephemeral: boolean;
  /** False for a reply, which goes to one connection only: no batch caches it for others. */
  readonly isShared: boolean;
  /** The bytes as the transport encoded them; the same for every recipient. */
  encoded: Uint8Array | undefined = undefined;
  /** Whether the frame was part of a concatenated batch. */
  wasConcatenated = false;
  compressed: Uint8Array | undefined = undefined;

  constructor(text: string, ephemeral = false, isShared = true) {
    this.text = text;
    this.ephemeral = ephemeral;
    this.isShared = isShared;
  }
}

/**
 * The frames that a connection gets in one turn, as a linked list that connections share: the same frames in the same order
 * are the same batch. A fan-out costs each connection only a pointer, and the bytes that a transport concatenates for the first
 * recipient serve all others.
 */
export class Batch {
  readonly previous: Batch | undefined;
  readonly frame: OutboundFrame | undefined;
  readonly length: number;
  /** The characters of all frames. */
  readonly chars: number;
  readonly hasEphemeral: boolean;
  /** The bytes of all frames, once a transport has concatenated them. */
  concatenated: Uint8Array | undefined = undefined;
  concatenatedCompressed: Uint8Array | undefined = undefined;
  /** Whether several connections hold this batch, or a transport has written it before: then concatenating it is worthwhile. */
  isShared = false;
  /** How many connections have received this batch in the current flush. */
  deliveries = 0;
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

  /** Drops the cached successor. */
  clearCache(): void {
    this.#lastAppendedFrame = undefined;
    this.#lastAppendedBatch = undefined;
  }

  /** The frames, first to last. */
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
