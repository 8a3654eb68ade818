// The channels that this node reads, and the path of each publication into them.
// messages/ and handshake/ open channels and publish here; the backplane calls the `on...` members.
// A message is delivered only after its predecessor; missing messages are read from the history first (see channel-sync.ts).

import { isPromise } from "@halyard/protocol/internal";
import type { ResumePosition } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type {
  Backplane,
  HistoryBounds,
  Publication,
  PublishedWork,
  PublishResult,
  ReadPage,
  ReadResult,
} from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import type { Logger } from "../logger.ts";
import type { Clock } from "../types.ts";
import { ExpiryTimer } from "../utils/expiry-timer.ts";
import { rejectedPromise } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { ChannelSync } from "./channel-sync.ts";
import { Channel } from "./channel.ts";
import { publishMessage, toStored } from "./publish-message.ts";
import type { ChannelMessageInput } from "./publish-message.ts";
import { SharedReads } from "./shared-reads.ts";
import { RecentFrames } from "./recent-frames.ts";
import { RoomCopies } from "./room-copies.ts";

const IDLE_CHANNEL_MS = 10_000;
/** How many publications of a channel may wait while its history is read. */
const MAX_BUFFERED = 1_000;
/** A backplane that neither answers nor fails must not silence the node. */
const HELD_MS = 10_000;

export interface ChannelHubOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retention: HistoryBounds;
  /** How much memory this node's newest frames may take, in bytes. */
  readonly recentBytes: number;
  /** Whether the backplane is away: a read then fails at once. */
  readonly isAway: () => boolean;
}

/** The channels that this node reads. */
export class ChannelHub {
  readonly #channels = new Map<string, Channel>();
  readonly #options: ChannelHubOptions;
  /** Channels without subscribers stay open for a while, because a reload leaves and returns within seconds. */
  readonly #idleChannels: ExpiryTimer<Channel>;
  readonly #sync: ChannelSync;
  readonly #recentFrames: RecentFrames;
  readonly #reads: SharedReads;
  /** Decides which connection gets which entry. */
  readonly copies: RoomCopies;
  /** How many messages were replayed; below, how many resumes got everything that they had missed. */
  replayed = 0;
  recoveries = 0;
  /** Resolves when the channels are delivered again; undefined unless they are held. */
  #held: Promise<unknown> | undefined;
  #isClosed = false;

  constructor(options: ChannelHubOptions) {
    this.#options = options;
    const { backplane, clock, logger, retention: bounds, recentBytes: maxBytes } = options;
    this.#recentFrames = new RecentFrames({ clock, bounds, maxBytes });
    this.#reads = new SharedReads(backplane, clock);
    this.copies = new RoomCopies({ clock, channelOf: (name) => this.#channels.get(name) });
    this.#sync = new ChannelSync({
      backplane,
      clock,
      logger,
      isCurrent: (channel) => this.isCurrent(channel),
      whenReleased: () => this.#held,
    });
    this.#idleChannels = new ExpiryTimer({ clock, ms: IDLE_CHANNEL_MS, onExpire: this.#close });
  }

  get size(): number {
    return this.#channels.size;
  }

  /** How many rooms this node's connections read. */
  get roomCount(): number {
    let rooms = 0;
    for (const [name, { size }] of this.#channels) if (size > 0 && name.startsWith("room:")) rooms++;
    return rooms;
  }

  /** How much memory this node's newest frames take, in bytes. */
  get recentBytes(): number {
    return this.#recentFrames.bytes;
  }

  publish(channel: string, message: ChannelMessageInput): Promise<PublishResult> {
    return publishMessage(this.#options, channel, message);
  }

  /** A message as the history of a channel stores it. */
  toStored(channel: string, message: ChannelMessageInput): Omit<PublishedWork, "result"> {
    return toStored(this.#options, channel, message);
  }

  /** Returns the channel once it is live. Rejects with HalyardError `unavailable`; never throws. */
  whenSynced(name: string): MaybePromise<Channel> {
    try {
      if (this.#isClosed) throw new HalyardError("unavailable");
      let channel = this.#channels.get(name);
      if (channel === undefined) {
        this.#assertNotAway();
        channel = this.#open(name);
      }
      if (channel.synced !== undefined) return this.#afterSync(channel, channel.synced);
      this.#expireIfUnused(channel);
      return channel;
    } catch (error) {
      return rejectedPromise(error);
    }
  }

  async #afterSync(channel: Channel, ready: Promise<unknown>): Promise<Channel> {
    this.#idleChannels.cancel(channel);
    try {
      await ready;
    } finally {
      this.#expireIfUnused(channel);
    }
    return channel;
  }

  /** Reads the history of a channel. Simultaneous requests for the same page share one read. */
  async read(name: string, page: ReadPage): Promise<ReadResult> {
    this.#assertNotAway();
    return this.#reads.read(name, page, this.#channels.get(name)?.offset);
  }

  /** Reads the position of a channel again, because this node may lag behind another one. */
  async refresh(channel: Channel): Promise<void> {
    // Resetting a channel that cannot be read would stop its delivery.
    this.#assertNotAway();
    if (channel.status === "live") this.#sync.resync(channel);
    await channel.synced;
  }

  /** False if the channel was closed because it had no subscriber for a while. */
  isCurrent(channel: Channel): boolean {
    return this.#channels.get(channel.name) === channel;
  }

  add(channel: Channel, connection: Connection, start?: number): void {
    this.#idleChannels.cancel(channel);
    channel.add(connection, start);
    this.copies.takePostponed(connection, channel.name);
  }

  remove(name: string, connection: Connection, readsOn = false): void {
    const channel = this.#channels.get(name);
    if (channel?.has(connection) !== true) return;
    this.copies.end(connection, channel, readsOn);
    channel.delete(connection);
    this.#expireIfUnused(channel);
  }

  has(name: string, connection: Connection): boolean {
    return this.#channels.get(name)?.has(connection) === true;
  }

  subscribersOf(name: string): readonly Connection[] {
    return [...(this.#channels.get(name) ?? [])];
  }

  /** Ends a subscription that may resume later. @returns its position; undefined without a subscription */
  withdraw(name: string, connection: Connection): ResumePosition | undefined {
    const channel = this.#channels.get(name);
    if (channel?.has(connection) !== true) return undefined;
    const position = { epoch: channel.epoch, off: channel.offset, since: channel.startOf(connection) };
    this.remove(name, connection, true);
    return position;
  }

  readonly onPublication = (publication: Publication): void => {
    const channel = this.#channels.get(publication.channel);
    if (channel === undefined) return;
    const { status } = channel;
    // The history has the message, and is read later.
    if (status === "stale" || (status === "live" && this.#held !== undefined)) return;
    const isSameEpoch = publication.epoch === channel.epoch;
    if (status === "syncing") {
      const buffered = (channel.buffer ??= []);
      // A full buffer keeps only the newest publication, whose gap then makes the sync read the history again.
      if (buffered.length === MAX_BUFFERED) buffered.length = 0;
      buffered.push(publication);
    } else if (isSameEpoch && publication.prev === channel.offset) channel.deliver(publication);
    else if (!isSameEpoch || publication.offset > channel.offset) {
      this.#sync.resync(channel);
      (channel.buffer ??= []).push(publication);
    }
  };

  readonly onEphemeral = (name: string, data: string): void => {
    if (this.#held === undefined) this.#channels.get(name)?.deliverEphemeral(data);
  };

  /**
   * Delivers nothing until it is known which subscribers have lost a right while this node was cut off, and then what they have missed.
   *
   * @param checked settles when it is known; awaited for at most ten seconds
   */
  async holdUntil(checked: Promise<unknown>): Promise<void> {
    const inTime = withDeadline(checked, { clock: this.#options.clock, ms: HELD_MS }).catch(() => {});
    const held = (this.#held = Promise.all([this.#held, inTime]));
    await held;
    // Another interruption holds them for longer.
    if (this.#held !== held) return;
    this.#held = undefined;
    this.onInterrupted("all");
  }

  readonly onInterrupted = (names: readonly string[] | "all"): void => {
    const live: Channel[] = [];
    for (const name of names === "all" ? [...this.#channels.keys()] : names) {
      const channel = this.#channels.get(name);
      if (channel === undefined || channel.status === "stale") continue;
      const resync = (): void => {
        if (channel.status === "live") this.#sync.resync(channel);
      };
      // A read that is already running may be older than the interruption.
      if (channel.status === "live") live.push(channel);
      else channel.synced?.then(resync, () => undefined);
    }
    void this.#sync.checkAll(live);
  };

  close(): void {
    this.#isClosed = true;
    this.#idleChannels.clear();
    this.#recentFrames.stop();
    this.#reads.stop();
    this.copies.close();
    for (const channel of this.#channels.values()) this.#options.clock.clearTimeout(channel.retry);
    this.#channels.clear();
  }

  /** @throws HalyardError `unavailable` */
  #assertNotAway(): void {
    if (this.#options.isAway()) throw new HalyardError("unavailable");
  }

  #expireIfUnused(channel: Channel): void {
    if (channel.size === 0 && this.isCurrent(channel)) this.#idleChannels.schedule(channel);
  }

  readonly #close = (channel: Channel): void => {
    this.#channels.delete(channel.name);
    channel.dropFrames();
    this.#options.clock.clearTimeout(channel.retry);
    this.#unsubscribe(channel);
  };

  #unsubscribe({ name: channel }: Channel): void {
    const { backplane, logger } = this.#options;
    backplane.unsubscribe(channel).catch((error: unknown) => {
      logger.warn({ channel, err: error }, "unsubscribe failed");
    });
  }

  /** @throws what the backplane throws; the next call then starts over */
  #open(name: string): Channel {
    const channel = new Channel(name, this.#recentFrames, this.copies);
    this.#channels.set(name, channel);
    try {
      const started = this.#sync.start(channel);
      if (isPromise(started)) this.#sync.holdWhile(channel, this.#removeOnError(channel, started));
    } catch (error) {
      this.#remove(channel);
      throw error;
    }
    return channel;
  }

  async #removeOnError(channel: Channel, started: Promise<unknown>): Promise<void> {
    try {
      await started;
    } catch (error) {
      this.#remove(channel);
      throw error;
    }
  }

  #remove(channel: Channel): void {
    if (!this.isCurrent(channel)) return;
    this.#channels.delete(channel.name);
    // The subscription may have taken effect, or may do so later.
    this.#unsubscribe(channel);
  }
}
