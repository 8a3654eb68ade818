// The history of all channels of this process, within one memory budget (`limits.historyTotalBytes`).
// Called by the memory backplane to append and to read.
// Guarantees: the budget holds after each append. Messages are dropped in this order: those of a user who exceeds the
// author bound, then those of the users who fill most of the budget, then the oldest messages of the least recently read
// channels. Messages that nobody reads are dropped at their maximum age by `sweep`. The cost of an append does not depend
// on the number of channels and users.

import type { LogEntry, PublishOptions, ReadPage, ReadResult } from "../backplane.ts";
import { ChannelLog } from "./channel-log.ts";
import type { ReadLimit, Retention } from "./channel-log.ts";
import { HistoryBudget } from "./history-budget.ts";
import type { Author } from "./history-budget.ts";
import { RememberedKeys } from "./remembered-keys.ts";

const IDLE_LOG_MS = 5 * 60_000;
/** How many channels are compared to find the one that loses a message. */
const SAMPLE = 8;

/** A message to store. */
export interface HistoryInput {
  readonly offset: number;
  readonly at: number;
  readonly retention: Retention;
  readonly key: PublishOptions["idempotencyKey"];
  readonly author: PublishOptions["author"];
}

/** The logs of all channels. */
export class HistoryStore {
  readonly #budget = new HistoryBudget();
  readonly #keys = new RememberedKeys();
  readonly #shared = { budget: this.#budget, keys: this.#keys };
  readonly #logs = new Map<string, ChannelLog>();
  /** The subscribed channels, with the offset at which each began, which is enough for a channel without messages. */
  readonly #subscribed = new Map<string, number>();
  /** Iterates over the channels repeatedly, so that each one is considered in turn. */
  #round: Iterator<ChannelLog> | undefined;
  #bounds: Retention | undefined;
  #evicted = 0;

  /** How much memory the history takes, in bytes. */
  get bytes(): number {
    return this.#budget.bytes;
  }

  /** How many messages were dropped to stay within the budget. */
  get evicted(): number {
    return this.#evicted;
  }

  isSubscribed(channel: string): boolean {
    return this.#subscribed.has(channel);
  }

  subscribe(channel: string, offset: number): void {
    this.#subscribed.set(channel, offset);
  }

  /** Ends a subscription. The log is kept, so that a subscriber that returns can learn that it missed nothing. */
  unsubscribe(channel: string, at: { readonly now: number; readonly offset: number }): void {
    this.#logOf(channel, at.offset).usedAt = at.now;
    this.#subscribed.delete(channel);
  }

  /** The newest offset of a channel; undefined for a channel that is neither stored nor subscribed to. */
  topOf(channel: string): number | undefined {
    return this.#logs.get(channel)?.top ?? this.#subscribed.get(channel);
  }

  offsetOf(channel: string, key: string, now: number): number | undefined {
    return this.#logs.get(channel)?.offsetOf(key) ?? this.#keys.offsetOf(channel, key, now);
  }

  append(channel: string, data: string, { offset, ...input }: HistoryInput): LogEntry {
    const log = this.#logOf(channel, offset - 1);
    log.usedAt = input.at;
    this.#useBounds(input.retention);
    const entry = log.append(offset, data, input);
    const { totalBytes = Infinity, authorBytes = Infinity } = input.retention;
    if (entry.share !== undefined && entry.share.author.bytes > authorBytes)
      this.#giveUpOf(entry.share.author, authorBytes);
    if (this.#budget.bytes > totalBytes) this.#giveUp(totalBytes);
    return entry;
  }

  read(
    channel: string,
    page: ReadLimit & Pick<ReadPage, "after" | "whole">,
    at: { readonly now: number; readonly offset: number },
  ): Omit<ReadResult, "epoch"> {
    const start = this.#subscribed.get(channel);
    if (start !== undefined && !this.#logs.has(channel)) return { top: start, entries: NO_ENTRIES };
    const log = this.#logOf(channel, at.offset);
    log.usedAt = at.now;
    log.trim(at.now);
    if (page.limit === 0 || page.after >= log.top) return { top: log.top, entries: NO_ENTRIES };
    log.readAt = at.now;
    const refused = page.whole === true ? log.refusalAfter(page.after, page) : undefined;
    return {
      top: log.top,
      entries: refused === undefined ? log.after(page.after, page) : NO_ENTRIES,
      refused,
    };
  }

  /** Drops entries that are too old, and the logs of channels that are no longer used. */
  sweep(now: number): void {
    this.#keys.sweep(now);
    for (const log of this.#logs.values()) {
      // A log is kept while the channel is subscribed to, and while a subscriber may return: a new log could not tell that it
      // missed nothing.
      const isIdle = !log.trim(now) && !this.#subscribed.has(log.name);
      if (isIdle && now - log.usedAt > IDLE_LOG_MS) this.#delete(log);
    }
  }

  #logOf(channel: string, offset: number): ChannelLog {
    const known = this.#logs.get(channel);
    if (known !== undefined) return known;
    const log = new ChannelLog(channel, this.#subscribed.get(channel) ?? offset, this.#shared);
    this.#logs.set(channel, log);
    this.#budget.openChannel(channel);
    if (this.#budget.bytes > (this.#bounds?.totalBytes ?? Infinity)) this.#giveUp(this.#bounds?.totalBytes);
    return log;
  }

  #delete(log: ChannelLog): void {
    this.#logs.delete(log.name);
    this.#budget.closeChannel(log.name);
  }

  #useBounds(bounds: Retention): void {
    if (this.#bounds === bounds) return;
    this.#bounds = bounds;
    this.#budget.totalBytes = bounds.totalBytes ?? Infinity;
  }

  /** Drops messages of an author until they fit in `bytes`. */
  #giveUpOf(author: Author, bytes: number): void {
    while (author.bytes > bytes) {
      const share = this.#budget.fullestShare(author);
      if (share === undefined) return;
      this.#evicted += share.log.giveUp(share);
    }
  }

  /** Drops messages of the heaviest users, and then the oldest of the least recently read channels, until the history fits. */
  #giveUp(totalBytes = Infinity): void {
    // Each step frees something or moves on to the next channels; after a full round that frees nothing, nothing is left to drop.
    for (let idleSteps = 0; this.#budget.bytes > totalBytes && idleSteps * SAMPLE <= this.#logs.size;) {
      const author = this.#budget.heaviest();
      if (author !== undefined) this.#giveUpOf(author, author.bytes - 1);
      else if (!this.#giveUpLeastRead()) idleSteps++;
    }
  }

  /** Drops the oldest message of one of the next channels: the one that was read and written longest ago. */
  #giveUpLeastRead(): boolean {
    let least: ChannelLog | undefined;
    for (let n = 0; n < SAMPLE; n++) {
      const log = this.#nextOfRound();
      if (log === undefined || !this.#hasSomethingToGive(log)) continue;
      if (least === undefined || this.#isLessRead(log, least)) least = log;
    }
    if (least === undefined) return false;
    if (least.oldestAt === undefined) this.#delete(least);
    else this.#evicted += least.giveUp(undefined);
    return true;
  }

  #hasSomethingToGive(log: ChannelLog): boolean {
    return log.oldestAt !== undefined || !this.#subscribed.has(log.name);
  }

  #isLessRead(log: ChannelLog, other: ChannelLog): boolean {
    const isSubscribed = this.#subscribed.has(log.name);
    if (isSubscribed !== this.#subscribed.has(other.name)) return !isSubscribed;
    return lastNeededAt(log) < lastNeededAt(other);
  }

  #nextOfRound(): ChannelLog | undefined {
    const next = (this.#round ??= this.#logs.values()).next();
    if (next.done !== true) return next.value;
    this.#round = this.#logs.values();
    return this.#round.next().value as ChannelLog | undefined;
  }
}

const NO_ENTRIES: readonly LogEntry[] = [];

function lastNeededAt({ readAt, oldestAt, usedAt }: ChannelLog): number {
  return Math.max(readAt, oldestAt ?? usedAt);
}
