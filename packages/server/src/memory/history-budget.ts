// Counts how much memory the history of this process takes, in total and for each author.
// The channel logs report each entry that they store and drop; the history store asks whose messages must be dropped.
// Guarantees: counting has a constant cost per entry, and no data is kept about a user without stored messages.

import { textBytes } from "../utils/text.ts";

/** A channel that can drop messages of an author. */
export interface SharedLog {
  giveUp(share: AuthorShare | undefined): number;
}

/** The stored messages of an author in one channel. */
export interface AuthorShare {
  readonly author: Author;
  readonly log: SharedLog;
  bytes: number;
}

/** A user with stored messages. */
export interface Author {
  readonly user: string;
  bytes: number;
  readonly shares: Map<SharedLog, AuthorShare>;
  /** Iterates over the shares repeatedly, so that each one is considered in turn. */
  round: Iterator<AuthorShare> | undefined;
}

/** The fields of an entry that determine its size. */
interface Sized {
  /** The size of the text in memory. */
  readonly bytes: number;
  readonly key: string | undefined;
  readonly share: AuthorShare | undefined;
}

// Sizes in memory, not counting the texts, in bytes; a test compares them with a V8 heap snapshot.
const ENTRY_BYTES = 132;
const KEY_BYTES = 54;
const CHANNEL_BYTES = 170;
/** The size of a list or a map with its first elements. */
const COLLECTION_BYTES = 184;
const SHARE_BYTES = 86;
const AUTHOR_BYTES = 276;

/** A user above 1/64 of the budget counts as heavy, and loses messages before all others. At most 64 users are heavy. */
const HEAVY_PART = 64;
/** How many shares are compared to find one to drop from: a constant cost, however many channels a user has. */
const SAMPLE = 8;

/** Counts the memory of the history. */
export class HistoryBudget {
  bytes = 0;
  readonly #authors = new Map<string, Author>();
  readonly #heavy = new Set<Author>();
  #heavyBytes = Infinity;

  set totalBytes(totalBytes: number) {
    this.#heavyBytes = totalBytes / HEAVY_PART;
  }

  openChannel(name: string): void {
    this.bytes += CHANNEL_BYTES + textBytes(name);
  }

  closeChannel(name: string): void {
    this.bytes -= CHANNEL_BYTES + textBytes(name);
  }

  /** Call when a channel has created or dropped a list or a map. */
  onCollection(change: 1 | -1): void {
    this.bytes += change * COLLECTION_BYTES;
  }

  /** The share of a user in a channel. `latest` is the share of the previous entry, because consecutive messages often have one author. */
  shareOf(user: string, log: SharedLog, latest: AuthorShare | undefined): AuthorShare {
    if (latest !== undefined && latest.bytes > 0 && latest.author.user === user) return latest;
    const author = this.#authors.get(user) ?? this.#newAuthor(user);
    const share = author.shares.get(log);
    if (share !== undefined) return share;
    const added = { author, log, bytes: 0 };
    author.shares.set(log, added);
    this.bytes += SHARE_BYTES;
    return added;
  }

  onStored(entry: Sized): void {
    const size = sizeOf(entry);
    this.bytes += size;
    const { share } = entry;
    if (share === undefined) return;
    share.bytes += size;
    share.author.bytes += size;
    if (share.author.bytes > this.#heavyBytes) this.#heavy.add(share.author);
  }

  onDropped(entry: Sized): void {
    const size = sizeOf(entry);
    this.bytes -= size;
    const { share } = entry;
    if (share === undefined) return;
    const { author } = share;
    share.bytes -= size;
    author.bytes -= size;
    if (author.bytes <= this.#heavyBytes) this.#heavy.delete(author);
    if (share.bytes > 0) return;
    author.shares.delete(share.log);
    this.bytes -= SHARE_BYTES;
    if (author.shares.size > 0) return;
    this.#authors.delete(author.user);
    this.bytes -= AUTHOR_BYTES + textBytes(author.user);
  }

  /** The user whose messages take the most memory, if that is a considerable part of the budget. */
  heaviest(): Author | undefined {
    let heaviest: Author | undefined;
    for (const author of this.#heavy)
      if (heaviest === undefined || author.bytes > heaviest.bytes) heaviest = author;
    return heaviest;
  }

  /**
   * The share from which messages of an author are dropped: the largest one among the next few. So a message in a channel with
   * many authors stays longer than hundreds in a channel that only this author fills.
   */
  fullestShare(author: Author): AuthorShare | undefined {
    let fullest: AuthorShare | undefined;
    const count = Math.min(SAMPLE, author.shares.size);
    for (let n = 0; n < count; n++) {
      const share = nextOfRound(author);
      if (share !== undefined && share.bytes > (fullest?.bytes ?? 0)) fullest = share;
    }
    return fullest;
  }

  #newAuthor(user: string): Author {
    const author: Author = { user, bytes: 0, shares: new Map(), round: undefined };
    this.#authors.set(user, author);
    this.bytes += AUTHOR_BYTES + textBytes(user);
    return author;
  }
}

function nextOfRound(author: Author): AuthorShare | undefined {
  const next = (author.round ??= author.shares.values()).next();
  if (next.done !== true) return next.value;
  author.round = author.shares.values();
  return author.round.next().value as AuthorShare | undefined;
}

/** The memory of an entry with its text and its key. Keys are short and mostly Latin-1, so their characters are not examined. */
function sizeOf({ bytes, key }: Sized): number {
  return ENTRY_BYTES + bytes + (key === undefined ? 0 : KEY_BYTES + key.length);
}
