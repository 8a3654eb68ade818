// Remembers the last position of each channel that this process has seen. Used by losses.ts, which compares it with the
// store; filled by redis-backplane.ts.

interface Seen {
  readonly epoch: string;
  off: number;
}

/** Half the number of remembered channels; the most recently seen ones are kept. */
const GENERATION = 10_000;

/** Remembers the newest position of each channel that this process has seen. */
export class SeenPositions {
  readonly #size: number;
  #newest = new Map<string, Seen>();
  #earlier = new Map<string, Seen>();

  constructor(size = GENERATION) {
    this.#size = size;
  }

  note(channel: string, epoch: string, off: number): void {
    const seen = this.#newest.get(channel);
    if (seen?.epoch === epoch) {
      if (off > seen.off) seen.off = off;
      return;
    }
    this.#add(channel, epoch, off);
  }

  /** Every channel once, the most recently seen ones first. */
  *[Symbol.iterator](): Generator<readonly [channel: string, position: Readonly<Seen>]> {
    yield* [...this.#newest].reverse();
    for (const entry of [...this.#earlier].reverse()) if (!this.#newest.has(entry[0])) yield entry;
  }

  #add(channel: string, epoch: string, off: number): void {
    const earlier = this.#newest.get(channel) ?? this.#earlier.get(channel);
    const last = earlier?.epoch === epoch ? earlier.off : 0;
    // Copied, because a substring would keep the whole message in memory.
    this.#newest.set(channel, {
      epoch: earlier?.epoch === epoch ? earlier.epoch : copyOf(epoch),
      off: Math.max(last, off),
    });
    if (this.#newest.size < this.#size) return;
    this.#earlier = this.#newest;
    this.#newest = new Map();
  }
}

function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
