// How far one client has read one channel.
// Kept by a channel record, and moved on by the read tracker.
// Guarantee: a few numbers, as many more for each announced gap, and at most 1,000 missing offsets.

/** The offsets that a client read without a gap: all after `from`, up to and including `to`. */
interface ReadInterval {
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly hasSkipped: boolean;
}

/** Missing messages that are remembered because they may still come; a log without faults has none. */
const MAX_MISSING = 1_000;

/** One client in one channel. The channel's order knows which messages lie between the offsets that are kept here. */
export class ChannelReader {
  readonly client: string;
  readonly channel: string;
  isReading = false;
  #current: ReadInterval = { epoch: "", from: 0, to: 0, hasSkipped: false };
  /** Offsets that the client skipped: gaps, unless they still come. */
  #missing = new Set<number>();
  #earlier: ReadInterval[] = [];
  /** The end of the furthest earlier interval of this epoch. */
  #highest = -Infinity;

  constructor(client: string, channel: string) {
    this.client = client;
    this.channel = channel;
  }

  get epoch(): string {
    return this.#current.epoch;
  }

  get from(): number {
    return this.#current.from;
  }

  get last(): number {
    return this.#current.to;
  }

  /** A `skip` came since the last gap. */
  get hasSkipped(): boolean {
    return this.#current.hasSkipped;
  }

  start(epoch: string, offset: number): void {
    if (epoch !== this.epoch) this.#highest = -Infinity;
    this.#current = { epoch, from: offset, to: offset, hasSkipped: false };
    this.isReading = true;
  }

  advance(to: number, hasSkipped = this.hasSkipped): void {
    const { epoch, from } = this.#current;
    this.#current = { epoch, from, to, hasSkipped };
  }

  /** Ends the reading. @returns the offsets that were skipped and never came */
  end(): Iterable<number> {
    const { from, to } = this.#current;
    if (this.isReading && to > from) {
      this.#earlier.push(this.#current);
      this.#highest = Math.max(this.#highest, to);
    }
    this.isReading = false;
    return this.takeMissing();
  }

  /** The interval in which the client must have received this offset, because it read past it without a gap. */
  intervalWith(
    epoch: string,
    offset: number,
  ): { readonly isNow: boolean; readonly hasSkipped: boolean } | undefined {
    const current = this.#current;
    if (this.isReading && isIn(current, epoch, offset))
      return { isNow: true, hasSkipped: current.hasSkipped };
    // Most messages are newer than every earlier interval.
    if (epoch === current.epoch && offset > this.#highest) return undefined;
    const earlier = this.#earlier.find((interval) => isIn(interval, epoch, offset));
    return earlier && { isNow: false, hasSkipped: earlier.hasSkipped };
  }

  isMissing(offset: number): boolean {
    return this.#missing.has(offset);
  }

  /** Remembers a missing offset. @returns all of them, when they are too many to remember */
  miss(offset: number): Iterable<number> {
    this.#missing.add(offset);
    return this.#missing.size > MAX_MISSING ? this.takeMissing() : [];
  }

  /** A missing offset came. @returns whether it was missing */
  found(offset: number): boolean {
    return this.#missing.delete(offset);
  }

  /** Returns the missing offsets, and forgets them. */
  takeMissing(): Iterable<number> {
    const missing = this.#missing;
    this.#missing = new Set();
    return missing;
  }
}

function isIn({ epoch, from, to }: ReadInterval, atEpoch: string, offset: number): boolean {
  return epoch === atEpoch && from < offset && offset <= to;
}
