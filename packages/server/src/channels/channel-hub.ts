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
import { failed, here } from "../utils/maybe-promise.ts";
import type { Eventual } from "../utils/maybe-promise.ts";
import { Frame } from "../delivery/outbound-frame.ts";
import { Linger } from "../utils/expiry-timer.ts";
import type { Logger } from "../logger.ts";
import { printable } from "../utils/printable.ts";
import type { Clock } from "../types.ts";

const LINGER_MS = 10_000;
const SYNC_TRIES = 5;
const SYNC_PAGE = 1_000;
const RETRY_MS = 1_000;

export interface Outgoing {
  readonly json: string;
  readonly ephemeral: boolean;
  /** The `clientKey` of the one client that is left out. */
  readonly except?: string | undefined;
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
  readonly #linger: Linger<Channel>;
  #isClosed = false;

  constructor(options: ChannelHubOptions) {
    this.#options = options;
    const letGo = (channel: Channel): void => {
      this.#giveUp(channel);
    };
    this.#linger = new Linger({ clock: options.clock, ms: LINGER_MS, letGo });
  }

  get size(): number {
    return this.#channels.size;
  }

  publish(channel: string, outgoing: Outgoing): Promise<PublishResult> {
    const { backplane, retention } = this.#options;
    return backplane.publish(channel, encodeEnvelope({ json: outgoing.json, except: outgoing.except }), {
      history: outgoing.ephemeral ? false : retention,
      idempotencyKey: outgoing.idempotencyKey,
    });
  }

  /** The channel, once this node knows where it stands. Fails by rejecting only, with HalyardError `unavailable`. */
  live(name: string): Eventual<Channel> {
    try {
      if (this.#isClosed) throw new HalyardError("unavailable");
      const channel = this.#channels.get(name) ?? this.#open(name);
      if (channel.ready !== undefined) return this.#once(channel, channel.ready);
      this.#restUnlessRead(channel);
      return channel;
    } catch (error) {
      return failed(error);
    }
  }

  async #once(channel: Channel, ready: Promise<unknown>): Promise<Channel> {
    this.#linger.stop(channel);
    try {
      await ready;
    } finally {
      this.#restUnlessRead(channel);
    }
    return channel;
  }

  /** Reads anew where a channel stands: this node may lag behind another. */
  async refresh(channel: Channel): Promise<void> {
    if (channel.state === "live") this.#resync(channel);
    await channel.ready;
  }

  /** False when the channel was given up, because nobody read it for a while. */
  holds(channel: Channel): boolean {
    return this.#channels.get(channel.name) === channel;
  }

  add(channel: Channel, connection: Connection): void {
    this.#linger.stop(channel);
    channel.add(connection);
  }

  remove(name: string, connection: Connection): void {
    const channel = this.#channels.get(name);
    if (channel?.delete(connection) === true) this.#restUnlessRead(channel);
  }

  readonly onPublication = (publication: Publication): void => {
    const channel = this.#channels.get(publication.channel);
    if (channel === undefined) return;
    if (channel.state !== "live") {
      if (channel.state === "syncing") (channel.buffer ??= []).push(publication);
      return;
    }
    if (publication.epoch === channel.epoch && publication.prev === channel.offset) {
      channel.deliver(publication);
      return;
    }
    const isOld = publication.epoch === channel.epoch && publication.offset <= channel.offset;
    if (isOld) return;
    this.#resync(channel);
    (channel.buffer ??= []).push(publication);
  };

  readonly onEphemeral = (name: string, data: string): void => {
    this.#channels.get(name)?.deliverEphemeral(data);
  };

  readonly onInterrupted = (names: readonly string[]): void => {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel === undefined || channel.state === "stale") continue;
      const again = (): void => {
        if (channel.state === "live") this.#resync(channel);
      };
      // A read that is under way may be older than the interruption.
      if (channel.state === "live") again();
      else channel.ready?.then(again, () => undefined);
    }
  };

  close(): void {
    this.#isClosed = true;
    this.#linger.clear();
    for (const channel of this.#channels.values()) this.#options.clock.clearTimeout(channel.retry);
    this.#channels.clear();
  }

  #restUnlessRead(channel: Channel): void {
    if (channel.size === 0 && this.holds(channel)) this.#linger.start(channel);
  }

  #giveUp(channel: Channel): void {
    const { backplane, clock, logger } = this.#options;
    this.#channels.delete(channel.name);
    clock.clearTimeout(channel.retry);
    backplane.unsubscribe(channel.name).catch((error: unknown) => {
      logger.warn({ channel: channel.name, error: printable(String(error), 200) }, "unsubscribe failed");
    });
  }

  /** What a channel waits for; a live one that has nothing to wait for keeps no promise. */
  #until(channel: Channel, ready: Promise<unknown>): void {
    channel.ready = ready;
    const done = (): void => {
      if (channel.ready === ready) channel.ready = undefined;
    };
    ready.then(done, () => undefined);
  }

  /** @throws what the backplane throws; whoever asks next tries again from the beginning then */
  #open(name: string): Channel {
    const channel = new Channel(name, this.#options.retention.messages);
    this.#channels.set(name, channel);
    try {
      const started = this.#start(channel);
      if (started instanceof Promise) this.#until(channel, this.#unlessFailing(channel, started));
    } catch (error) {
      this.#forget(channel);
      throw error;
    }
    return channel;
  }

  async #unlessFailing(channel: Channel, started: Promise<unknown>): Promise<void> {
    try {
      await started;
    } catch (error) {
      this.#forget(channel);
      throw error;
    }
  }

  #forget(channel: Channel): void {
    if (this.holds(channel)) this.#channels.delete(channel.name);
  }

  #start(channel: Channel): Eventual<unknown> {
    const subscribed = here(this.#options.backplane.subscribe(channel.name));
    if (subscribed instanceof Promise) return this.#syncLater(channel, subscribed);
    const isLive = this.#catchUp(channel);
    return isLive === true ? undefined : this.#syncLater(channel, isLive);
  }

  /** After a first step, which may have brought it up to date. */
  async #syncLater(channel: Channel, begun: Eventual<unknown>): Promise<void> {
    if ((await begun) !== true) await this.#sync(channel);
  }

  /** Finds out anew where a channel stands. While it cannot, its readers wait, and it asks again. */
  #resync(channel: Channel): void {
    const synced = this.#sync(channel);
    this.#until(channel, synced);
    synced.catch((error: unknown) => {
      channel.state = "stale";
      channel.buffer = undefined;
      this.#options.logger.warn(
        { channel: channel.name, error: printable(String(error), 200) },
        "a channel could not be read",
      );
      if (!this.holds(channel)) return;
      channel.retry = this.#options.clock.setTimeout(() => {
        channel.retry = undefined;
        this.#resync(channel);
      }, RETRY_MS);
    });
  }

  async #sync(channel: Channel): Promise<void> {
    for (let attempt = 0; attempt < SYNC_TRIES; attempt++) if (await this.#catchUp(channel)) return;
    const read = await this.#options.backplane.read(channel.name, { after: channel.offset, limit: 1 });
    this.#lose(channel, { epoch: read.epoch, off: read.top });
    channel.buffer = undefined;
    channel.state = "live";
  }

  /** Reads what there is after the position. @returns whether the channel is live now */
  #catchUp(channel: Channel): Eventual<boolean> {
    channel.state = "syncing";
    // What came before the read was issued is covered by the read.
    channel.buffer = undefined;
    const page = { after: channel.offset, limit: SYNC_PAGE };
    const read = here(this.#options.backplane.read(channel.name, page));
    return read instanceof Promise ? this.#takeLater(channel, read) : this.#take(channel, read);
  }

  async #takeLater(channel: Channel, read: Promise<ReadResult>): Promise<boolean> {
    return this.#take(channel, await read);
  }

  #take(channel: Channel, read: ReadResult): boolean {
    if (channel.epoch === "") channel.restart(read.epoch, read.top);
    else if (read.epoch === channel.epoch && isChain(channel.offset, read.entries, read.top)) {
      for (const entry of read.entries)
        channel.deliver({ ...entry, channel: channel.name, epoch: read.epoch });
    } else this.#lose(channel, { epoch: read.epoch, off: read.top });
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
    channel.state = "live";
    return true;
  }

  #lose(channel: Channel, position: Position): void {
    channel.restart(position.epoch, position.off);
    const gap = { type: "gap", ch: channel.name, ...position, reason: "lost" };
    const frame = new Frame(encodeFrame(JSON.stringify(gap), { ch: channel.name }));
    channel.give(frame);
  }
}

/** Whether entries follow a position without a hole and end at the top. */
export function isChain(offset: number, entries: readonly LogEntry[], top: number): boolean {
  let at = offset;
  for (const entry of entries) {
    if (entry.prev !== at) return false;
    at = entry.offset;
  }
  return at === top;
}
