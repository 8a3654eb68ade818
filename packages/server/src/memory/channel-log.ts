import type { LogEntry, PublishOptions } from "../backplane.ts";

interface StoredEntry extends LogEntry {
  readonly at: number;
  readonly bytes: number;
  readonly key: string | undefined;
}

export type Retention = Exclude<PublishOptions["history"], false>;

interface AppendOptions {
  readonly at: number;
  readonly retention: Retention;
  readonly key: string | undefined;
}

/** The history of one channel: bounded in messages, bytes and age, trimmed from its head. */
export class ChannelLog {
  /** The offset of the newest message ever stored, or where the channel began. */
  top: number;
  usedAt = 0;
  #entries: StoredEntry[] = [];
  #head = 0;
  #bytes = 0;
  #retention: Retention | undefined;
  /** The offsets of what is stored under an idempotency key. */
  #keys: Map<string, number> | undefined;

  constructor(start: number) {
    this.top = start;
  }

  offsetOf(key: string): number | undefined {
    return this.#keys?.get(key);
  }

  append(offset: number, data: string, stored: AppendOptions): LogEntry {
    // Characters stand for bytes: counting UTF-8 here would cost more than it tells.
    const entry = { offset, prev: this.top, data, at: stored.at, bytes: data.length, key: stored.key };
    this.#entries.push(entry);
    if (stored.key !== undefined) (this.#keys ??= new Map()).set(stored.key, offset);
    this.#bytes += entry.bytes;
    this.#retention = stored.retention;
    this.top = offset;
    this.trim(stored.at);
    return entry;
  }

  /** The entries after a position, oldest first. Empty when there are none, or when what followed it is gone. */
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

  /** Drops what is over the limits. @returns whether anything is left */
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
    // Moving the array down once per half of its length keeps the cost of a trim constant on average.
    if (this.#head > 32 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return this.#entries.length > this.#head;
  }
}
