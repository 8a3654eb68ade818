import type { Position } from "@halyard/protocol";
import { encodeFrame, HalyardError } from "@halyard/protocol/wire";
import type {
  Backplane,
  LogEntry,
  Publication,
  PublishOptions,
  PublishResult,
  ReadResult,
} from "../backplane.ts";
import { Channel } from "./channel.ts";
import type { Connection } from "../connection/connection.ts";
import { encodeEnvelope } from "./envelope.ts";
import { rejectedPromise, unwrapResolved } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { ExpiryTimer } from "../utils/expiry-timer.ts";
import type { Logger } from "../logger.ts";
import { printable } from "../utils/printable.ts";
import type { Clock } from "../types.ts";

const IDLE_CHANNEL_MS = 10_000;
const MAX_SYNC_ATTEMPTS = 5;
const SYNC_PAGE = 1_000;
const RETRY_MS = 1_000;

export interface ChannelMessageInput {
  readonly json: string;
  readonly ephemeral: boolean;
  /** The `clientKey` of the one client that is left out. */
  readonly excludedClient?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface ChannelHubOptions {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retention: Exclude<PublishOptions["history"], false>;
}

/**
 * The channels that this node reads. It hands a message on only after its predecessor; holes are filled from the
 * channel's history first, and where that is impossible every reader is told so, once.
 */
export class ChannelHub {
  readonly #channels = new Map<string, Channel>();
  readonly #options: ChannelHubOptions;
  /** A reload leaves and comes back: the subscription and the newest frames are kept a little longer. */
  readonly #idleChannels: ExpiryTimer<Channel>;
  #isClosed = false;

  constructor(options: ChannelHubOptions) {
    this.#options = options;
    const letGo = (channel: Channel): void => {
      this.#close(channel);
    };
    this.#idleChannels = new ExpiryTimer({ clock: options.clock, ms: IDLE_CHANNEL_MS, onExpire: letGo });
  }

  get size(): number {
    return this.#channels.size;
  }

  publish(channel: string, outgoing: ChannelMessageInput): Promise<PublishResult> {
    const { backplane, retention } = this.#options;
    return backplane.publish(
      channel,
      encodeEnvelope({ json: outgoing.json, excludedClient: outgoing.excludedClient }),
      {
        history: outgoing.ephemeral ? false : retention,
        idempotencyKey: outgoing.idempotencyKey,
      },
    );
  }

  /** The channel, once this node knows where it stands. Fails by rejecting only, with HalyardError `unavailable`. */
  whenSynced(name: string): MaybePromise<Channel> {
    try {
      if (this.#isClosed) throw new HalyardError("unavailable");
      const channel = this.#channels.get(name) ?? this.#open(name);
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

  /** Reads anew where a channel stands: this node may lag behind another. */
  async refresh(channel: Channel): Promise<void> {
    if (channel.status === "live") this.#resync(channel);
    await channel.synced;
  }

  /** False when the channel was given up, because nobody read it for a while. */
  isCurrent(channel: Channel): boolean {
    return this.#channels.get(channel.name) === channel;
  }

  add(channel: Channel, connection: Connection): void {
    this.#idleChannels.cancel(channel);
    channel.add(connection);
  }

  remove(name: string, connection: Connection): void {
    const channel = this.#channels.get(name);
    if (channel?.delete(connection) === true) this.#expireIfUnused(channel);
  }

  readonly onPublication = (publication: Publication): void => {
    const channel = this.#channels.get(publication.channel);
    if (channel === undefined) return;
    if (channel.status !== "live") {
      if (channel.status === "syncing") (channel.buffer ??= []).push(publication);
      return;
    }
    if (publication.epoch === channel.epoch && publication.prev === channel.offset) {
      channel.deliver(publication);
      return;
    }
    const isAlreadyDelivered = publication.epoch === channel.epoch && publication.offset <= channel.offset;
    if (isAlreadyDelivered) return;
    this.#resync(channel);
    (channel.buffer ??= []).push(publication);
  };

  readonly onEphemeral = (name: string, data: string): void => {
    this.#channels.get(name)?.deliverEphemeral(data);
  };

  readonly onInterrupted = (names: readonly string[]): void => {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel === undefined || channel.status === "stale") continue;
      const resync = (): void => {
        if (channel.status === "live") this.#resync(channel);
      };
      // A read that is under way may be older than the interruption.
      if (channel.status === "live") resync();
      else channel.synced?.then(resync, () => undefined);
    }
  };

  close(): void {
    this.#isClosed = true;
    this.#idleChannels.clear();
    for (const channel of this.#channels.values()) this.#options.clock.clearTimeout(channel.retry);
    this.#channels.clear();
  }

  #expireIfUnused(channel: Channel): void {
    if (channel.size === 0 && this.isCurrent(channel)) this.#idleChannels.schedule(channel);
  }

  #close(channel: Channel): void {
    const { backplane, clock, logger } = this.#options;
    this.#channels.delete(channel.name);
    clock.clearTimeout(channel.retry);
    backplane.unsubscribe(channel.name).catch((error: unknown) => {
      logger.warn({ channel: channel.name, error: printable(String(error), 200) }, "unsubscribe failed");
    });
  }

  /** What a channel waits for; a live one that has nothing to wait for keeps no promise. */
  #whileSyncing(channel: Channel, ready: Promise<unknown>): void {
    channel.synced = ready;
    const done = (): void => {
      if (channel.synced === ready) channel.synced = undefined;
    };
    ready.then(done, () => undefined);
  }

  /** @throws what the backplane throws; whoever asks next tries again from the beginning then */
  #open(name: string): Channel {
    const channel = new Channel(name, this.#options.retention.messages);
    this.#channels.set(name, channel);
    try {
      const started = this.#start(channel);
      if (started instanceof Promise) this.#whileSyncing(channel, this.#removeOnError(channel, started));
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
    if (this.isCurrent(channel)) this.#channels.delete(channel.name);
  }

  #start(channel: Channel): MaybePromise<unknown> {
    const subscribed = unwrapResolved(this.#options.backplane.subscribe(channel.name));
    if (subscribed instanceof Promise) return this.#syncAsync(channel, subscribed);
    const isLive = this.#catchUp(channel);
    return isLive === true ? undefined : this.#syncAsync(channel, isLive);
  }

  /** After a first step, which may have brought it up to date. */
  async #syncAsync(channel: Channel, begun: MaybePromise<unknown>): Promise<void> {
    if ((await begun) !== true) await this.#sync(channel);
  }

  /** Finds out anew where a channel stands. While it cannot, its readers wait, and it asks again. */
  #resync(channel: Channel): void {
    const synced = this.#sync(channel);
    this.#whileSyncing(channel, synced);
    synced.catch((error: unknown) => {
      channel.status = "stale";
      channel.buffer = undefined;
      this.#options.logger.warn(
        { channel: channel.name, error: printable(String(error), 200) },
        "a channel could not be read",
      );
      if (!this.isCurrent(channel)) return;
      channel.retry = this.#options.clock.setTimeout(() => {
        channel.retry = undefined;
        this.#resync(channel);
      }, RETRY_MS);
    });
  }

  async #sync(channel: Channel): Promise<void> {
    for (let attempt = 0; attempt < MAX_SYNC_ATTEMPTS; attempt++) if (await this.#catchUp(channel)) return;
    const read = await this.#options.backplane.read(channel.name, { after: channel.offset, limit: 1 });
    this.#announceGap(channel, { epoch: read.epoch, off: read.top });
    channel.buffer = undefined;
    channel.status = "live";
  }

  /** Reads what there is after the position. @returns whether the channel is live now */
  #catchUp(channel: Channel): MaybePromise<boolean> {
    channel.status = "syncing";
    // What came before the read was issued is covered by the read.
    channel.buffer = undefined;
    const page = { after: channel.offset, limit: SYNC_PAGE };
    const read = unwrapResolved(this.#options.backplane.read(channel.name, page));
    return read instanceof Promise ? this.#applyReadAsync(channel, read) : this.#applyRead(channel, read);
  }

  async #applyReadAsync(channel: Channel, read: Promise<ReadResult>): Promise<boolean> {
    return this.#applyRead(channel, await read);
  }

  #applyRead(channel: Channel, read: ReadResult): boolean {
    if (channel.epoch === "") channel.resetTo(read.epoch, read.top);
    else if (read.epoch === channel.epoch && isContiguous(channel.offset, read.entries, read.top)) {
      for (const entry of read.entries)
        channel.deliver({ ...entry, channel: channel.name, epoch: read.epoch });
    } else this.#announceGap(channel, { epoch: read.epoch, off: read.top });
    return this.#drainBuffer(channel);
  }

  /** @returns whether everything that came meanwhile fits behind the position; the channel is live then */
  #drainBuffer(channel: Channel): boolean {
    for (const publication of channel.buffer ?? []) {
      const isNext = publication.epoch === channel.epoch && publication.prev === channel.offset;
      if (isNext) channel.deliver(publication);
      else if (publication.epoch !== channel.epoch || publication.offset > channel.offset) return false;
    }
    channel.buffer = undefined;
    channel.status = "live";
    return true;
  }

  #announceGap(channel: Channel, position: Position): void {
    channel.resetTo(position.epoch, position.off);
    const gap = { type: "gap", ch: channel.name, ...position, reason: "lost" };
    const frame = new OutboundFrame(encodeFrame(JSON.stringify(gap), { ch: channel.name }));
    channel.broadcast(frame);
  }
}

/** Whether entries follow a position without a hole and end at the top. */
export function isContiguous(offset: number, entries: readonly LogEntry[], top: number): boolean {
  let at = offset;
  for (const entry of entries) {
    if (entry.prev !== at) return false;
    at = entry.offset;
  }
  return at === top;
}
