import type { LogEntry, PublishOptions } from "../backplane.ts";

interface StoredEntry extends LogEntry {
  readonly at: number;
  readonly bytes: number;
  readonly key: string | undefined;
}

/** How much history a channel keeps. */
export type Retention = Exclude<PublishOptions["history"], false>;

interface AppendOptions {
  readonly at: number;
  readonly retention: Retention;
  readonly key: string | undefined;
}

/** The history of one channel, bounded in messages, bytes and age. */
export class ChannelLog {
  /** The offset of the newest message ever stored, or the offset at which the channel began. */
  top: number;
  usedAt = 0;
  #entries: StoredEntry[] = [];
  #head = 0;
  #bytes = 0;
  #retention: Retention | undefined;
  /** Offsets by idempotency key. */
  #keys: Map<string, number> | undefined;

  constructor(start: number) {
    this.top = start;
  }

  offsetOf(key: string): number | undefined {
    return this.#keys?.get(key);
  }

  append(offset: number, data: string, options: AppendOptions): LogEntry {
    // Characters are counted as bytes: counting UTF-8 bytes would cost more than the difference matters.
    const entry = { offset, prev: this.top, data, at: options.at, bytes: data.length, key: options.key };
    this.#entries.push(entry);
    if (options.key !== undefined) (this.#keys ??= new Map()).set(options.key, offset);
    this.#bytes += entry.bytes;
    this.#retention = options.retention;
    this.top = offset;
    this.trim(options.at);
    return entry;
  }

  /** The entries after an offset, oldest first. Empty if there are none, or if they were trimmed. */
  after(offset: number, limit: number): readonly LogEntry[] {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.offset ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return this.#entries.slice(low, low + limit);
  }

  /** Drops the entries above the limits. @returns whether any entry is left */
  trim(now: number): boolean {
    const { messages, bytes, ms } = this.#retention ?? { messages: 0, bytes: 0, ms: 0 };
    for (let first = this.#entries[this.#head]; first !== undefined; first = this.#entries[this.#head]) {
      const fits =
        this.#entries.length - this.#head <= messages && this.#bytes <= bytes && now - first.at < ms;
      if (fits) break;
      this.#bytes -= first.bytes;
      if (first.key !== undefined) this.#keys?.delete(first.key);
      this.#head++;
    }
    // The array is copied when half of it is dropped, so that a trim has a constant cost on average.
    if (this.#head > 32 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return this.#entries.length > this.#head;
  }
}
