/** What a client read without a gap: everything after `from`, up to and with `to`. */
interface Stretch {
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly hasSkipped: boolean;
}

/** So many messages that may still come are remembered; in a log without faults there are none. */
const MISSING = 1_000;

/**
 * How far one client has read one channel: a few numbers, and as many more for each announced gap. Which messages lie
 * between them is the channel's knowledge, not the reader's.
 */
export class Reader {
  readonly client: string;
  readonly channel: string;
  isReading = false;
  #current: Stretch = { epoch: "", from: 0, to: 0, hasSkipped: false };
  /** Offsets that were passed over: gaps, unless they still come. */
  #missing = new Set<number>();
  #earlier: Stretch[] = [];
  /** No earlier stretch of this epoch reaches further. */
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

  /** @returns what was passed over and never came */
  end(): Iterable<number> {
    const { from, to } = this.#current;
    if (this.isReading && to > from) {
      this.#earlier.push(this.#current);
      this.#highest = Math.max(this.#highest, to);
    }
    this.isReading = false;
    return this.takeMissing();
  }

  /** The stretch in which the client must have got what lies there, since it went on behind it without a gap. */
  stretchWith(
    epoch: string,
    offset: number,
  ): { readonly isNow: boolean; readonly hasSkipped: boolean } | undefined {
    const current = this.#current;
    if (this.isReading && isIn(current, epoch, offset))
      return { isNow: true, hasSkipped: current.hasSkipped };
    // Most messages are newer than everything that was read before the last gap.
    if (epoch === current.epoch && offset > this.#highest) return undefined;
    const earlier = this.#earlier.find((stretch) => isIn(stretch, epoch, offset));
    return earlier && { isNow: false, hasSkipped: earlier.hasSkipped };
  }

  isMissing(offset: number): boolean {
    return this.#missing.has(offset);
  }

  /** @returns what cannot be remembered any more */
  miss(offset: number): Iterable<number> {
    this.#missing.add(offset);
    return this.#missing.size > MISSING ? this.takeMissing() : [];
  }

  found(offset: number): boolean {
    return this.#missing.delete(offset);
  }

  takeMissing(): Iterable<number> {
    const missing = this.#missing;
    this.#missing = new Set();
    return missing;
  }
}

function isIn({ epoch, from, to }: Stretch, atEpoch: string, offset: number): boolean {
  return epoch === atEpoch && from < offset && offset <= to;
}
