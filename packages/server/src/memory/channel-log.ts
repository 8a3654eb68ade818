import type { LogEntry, PublishOptions } from "../backplane.ts";
import { textBytes } from "../utils/text.ts";
import type { AuthorShare, HistoryBudget } from "./history-budget.ts";
import type { RememberedKeys } from "./remembered-keys.ts";

interface StoredEntry extends LogEntry {
  readonly bytes: number;
  readonly key: string | undefined;
  readonly share: AuthorShare | undefined;
}

/** What all channels share. */
export interface SharedParts {
  readonly budget: HistoryBudget;
  readonly keys: Pick<RememberedKeys, "keep">;
}

/** How much history a channel keeps. */
export type Retention = Exclude<PublishOptions["history"], false>;

interface AppendOptions {
  readonly at: number;
  readonly retention: Retention;
  readonly key: string | undefined;
  /** The user who wrote the message. */
  readonly author: string | undefined;
}

/** The upper bounds of a read. */
export interface ReadLimit {
  readonly limit: number;
  /** The bytes of all texts together; the first entry is returned even if it is larger. */
  readonly bytes: number;
}

/** The history of one channel, bounded in messages, bytes and age. */
export class ChannelLog {
  readonly name: string;
  /** The offset of the newest message ever stored, or the offset at which the channel began. */
  top: number;
  usedAt = 0;
  /** When entries were last read. */
  readAt = 0;
  readonly #shared: SharedParts;
  #entries: (StoredEntry | undefined)[] = NO_ENTRIES;
  #head = 0;
  #bytes = 0;
  #retention: Retention | undefined = undefined;
  /** Offsets by idempotency key. */
  #keys: Map<string, number> | undefined = undefined;

  constructor(name: string, start: number, shared: SharedParts) {
    this.name = name;
    this.top = start;
    this.#shared = shared;
  }

  /** When the oldest entry was stored; undefined without an entry. */
  get oldestAt(): number | undefined {
    return this.#entries[this.#head]?.at;
  }

  offsetOf(key: string): number | undefined {
    return this.#keys?.get(key);
  }

  append(offset: number, data: string, { at, retention, key, author }: AppendOptions): StoredEntry {
    const latest = this.#entries.at(-1)?.share;
    const share = author === undefined ? undefined : this.#shared.budget.shareOf(author, this, latest);
    const entry = { offset, prev: this.top, data, at, bytes: textBytes(data), key, share };
    this.#store(entry);
    this.#bytes += entry.bytes;
    this.#shared.budget.onStored(entry);
    this.#retention = retention;
    this.top = offset;
    this.trim(at);
    return entry;
  }

  /** The entries after an offset, oldest first. Empty if there are none, or if they were dropped. */
  after(offset: number, { limit, bytes }: ReadLimit): readonly LogEntry[] {
    const first = this.#indexAfter(offset);
    const entries: LogEntry[] = [];
    let left = bytes;
    for (let index = first; entries.length < limit; index++) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      left -= entry.bytes;
      if (left < 0 && index > first) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Why the entries after an offset cannot be read completely. Looks at no more entries than the limit. */
  refusalAfter(offset: number, { limit, bytes }: ReadLimit): "trimmed" | "too_many" | undefined {
    const first = this.#indexAfter(offset);
    if (this.#entries[first]?.prev !== offset) return "trimmed";
    if (this.#entries.length - first > limit) return "too_many";
    let size = 0;
    for (let index = first; index < this.#entries.length && size <= bytes; index++)
      size += this.#entries[index]?.bytes ?? 0;
    return size > bytes ? "too_many" : undefined;
  }

  /** Drops the entries above the limits. @returns whether any entry is left */
  trim(now: number): boolean {
    const { messages, bytes, ms } = this.#retention ?? { messages: 0, bytes: 0, ms: 0 };
    for (let first = this.#entries[this.#head]; first !== undefined; first = this.#entries[this.#head]) {
      const fits =
        this.#entries.length - this.#head <= messages && this.#bytes <= bytes && now - first.at < ms;
      if (fits) return true;
      this.#dropOldest(first);
    }
    return false;
  }

  /**
   * Drops the oldest entry. With an author's share: drops the author's oldest entry and everything before it, because a reader that needs
   * an earlier entry needs the dropped one, too.
   *
   * @returns how many entries were dropped
   */
  giveUp(share: AuthorShare | undefined): number {
    let dropped = 0;
    for (let first = this.#entries[this.#head]; first !== undefined; first = this.#entries[this.#head]) {
      this.#dropOldest(first);
      dropped++;
      if (share === undefined || first.share === share) break;
    }
    return dropped;
  }

  #indexAfter(offset: number): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.offset ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #store(entry: StoredEntry): void {
    if (this.#entries === NO_ENTRIES) {
      this.#entries = [];
      this.#shared.budget.onCollection(1);
    }
    this.#entries.push(entry);
    if (entry.key === undefined) return;
    if (this.#keys === undefined) {
      this.#keys = new Map();
      this.#shared.budget.onCollection(1);
    }
    this.#keys.set(entry.key, entry.offset);
  }

  #dropOldest(entry: StoredEntry): void {
    // The slot is emptied at once, because a channel without further messages would otherwise keep the text for its lifetime.
    this.#entries[this.#head++] = undefined;
    this.#bytes -= entry.bytes;
    if (entry.key !== undefined && this.#keys?.delete(entry.key) === true && this.#keys.size === 0) {
      this.#keys = undefined;
      this.#shared.budget.onCollection(-1);
    }
    this.#shared.budget.onDropped(entry);
    this.#shared.keys.keep(this.name, entry);
    if (this.#head === this.#entries.length) {
      this.#entries = NO_ENTRIES;
      this.#head = 0;
      this.#shared.budget.onCollection(-1);
    } else if (this.#head > 32 && this.#head * 2 > this.#entries.length) {
      // The array is copied when half of it is dropped, so that the average cost of a drop is constant.
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}

const NO_ENTRIES: (StoredEntry | undefined)[] = [];
