// Finds out the position of a channel and keeps up with it.
// Called by the channel hub when a channel is opened, when a publication does not follow its predecessor, and after an interruption.
// A channel becomes `live` only when no message is missing; if the history no longer reaches back, each subscriber gets one `gap`.

import { isPromise } from "@halyard/protocol/internal";
import type { Position } from "@halyard/protocol";
import { encodeFrame } from "@halyard/protocol/wire";
import type { Backplane, LogEntry, ReadResult } from "../backplane.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Logger } from "../logger.ts";
import type { Clock } from "../types.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Channel } from "./channel.ts";

/** The number of reads without a pause in between; later reads wait before each attempt. */
const QUICK_ATTEMPTS = 5;
/** How many channels one call asks for, and how many are read at once. */
const TOPS_AT_ONCE = 512;
const READS_AT_ONCE = 64;
/** The time over which a node with many channels spreads its reads after an interruption. */
const MAX_JITTER_MS = 2_000;
const SYNC_PAGE = 1_000;
const RETRY_MS = 1_000;

export interface ChannelSyncParts {
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the hub still holds the channel: only then is a failed read tried again. */
  readonly isCurrent: (channel: Channel) => boolean;
  /** Resolves when the channels are delivered again; undefined unless they are held. */
  readonly whenReleased: () => Promise<unknown> | undefined;
}

/** Reads channels from the backplane until their subscribers can be served without missing a message. */
export class ChannelSync {
  readonly #parts: ChannelSyncParts;

  constructor(parts: ChannelSyncParts) {
    this.#parts = parts;
  }

  /** Subscribes to a new channel and reads its position. Returns no promise when the backplane answers synchronously. */
  start(channel: Channel): MaybePromise<unknown> {
    const { backplane } = this.#parts;
    const subscribed = unwrapResolved(backplane.subscribe(channel.name));
    if (isPromise(subscribed))
      return this.#syncAsync(
        channel,
        repeatOnce(subscribed, () => backplane.subscribe(channel.name)),
      );
    const isLive = this.#catchUp(channel);
    return isLive === true ? undefined : this.#syncAsync(channel, isLive);
  }

  async #syncAsync(channel: Channel, first: MaybePromise<unknown>): Promise<void> {
    if ((await first) !== true) await this.#sync(channel);
  }

  /** Reads the position again. While the backplane fails, the subscribers wait, and the read is repeated every second. */
  resync(channel: Channel): void {
    const synced = this.#sync(channel);
    this.holdWhile(channel, synced);
    synced.catch((error: unknown) => {
      channel.status = "stale";
      channel.buffer = undefined;
      this.#parts.logger.warn({ channel: channel.name, err: error }, "a channel could not be read");
      if (!this.#parts.isCurrent(channel)) return;
      channel.retry = this.#parts.clock.setTimeout(
        () => {
          channel.retry = undefined;
          this.resync(channel);
        },
        jittered(RETRY_MS, this.#parts.clock),
      );
    });
  }

  /** Reads until the publications that arrived during a read follow it without a hole. A hole that one read leaves, the next one fills. */
  async #sync(channel: Channel): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      for (let held = this.#heldBy(channel); held !== undefined; held = this.#heldBy(channel)) await held;
      if ((await this.#catchUp(channel)) || !this.#parts.isCurrent(channel)) return;
      if (attempt >= QUICK_ATTEMPTS) await this.#wait(RETRY_MS);
    }
  }

  /** Resolves when the channel may be delivered again; undefined unless it is held. A new channel has no subscribers yet. */
  #heldBy({ epoch }: Channel): Promise<unknown> | undefined {
    return epoch === "" ? undefined : this.#parts.whenReleased();
  }

  /** Finds out, in batches, which live channels have new messages since an interruption, and reads those. Never rejects. */
  async checkAll(channels: readonly Channel[]): Promise<void> {
    if (channels.length > READS_AT_ONCE) await this.#wait(MAX_JITTER_MS);
    for (let start = 0; start < channels.length; start += TOPS_AT_ONCE) {
      const moved = await this.#moved(channels.slice(start, start + TOPS_AT_ONCE));
      for (let first = 0; first < moved.length; first += READS_AT_ONCE) {
        const reading = moved.slice(first, first + READS_AT_ONCE);
        for (const channel of reading) if (channel.status === "live") this.resync(channel);
        await Promise.allSettled(reading.map(({ synced }) => synced ?? Promise.resolve()));
      }
    }
  }

  async #moved(channels: readonly Channel[]): Promise<readonly Channel[]> {
    const { backplane, isCurrent } = this.#parts;
    const live = channels.filter((channel) => channel.status === "live" && isCurrent(channel));
    const before = live.map(({ offset }) => offset);
    try {
      const tops = await backplane.tops(live.map(({ name }) => name));
      return live.filter((channel, index) => {
        const { epoch, top = 0 } = tops[index] ?? {};
        // A publication that arrived meanwhile has moved the channel past its top.
        const isThere = top === before[index] || top === channel.offset;
        return epoch !== channel.epoch || !isThere;
      });
    } catch {
      // Then all of them are read, and a read that fails is repeated.
      return live;
    }
  }

  /** Waits for a random time between half of `ms` and `ms`. */
  #wait(ms: number): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      clock.setTimeout(resolve, jittered(ms, clock));
    });
  }

  /** Reads the entries after the position. @returns whether the channel is live now */
  #catchUp(channel: Channel): MaybePromise<boolean> {
    channel.status = "syncing";
    // The read covers every publication that arrived before it was issued.
    channel.buffer = undefined;
    // A new channel needs its position only.
    const page = { after: channel.offset, limit: channel.epoch === "" ? 0 : SYNC_PAGE };
    const { backplane } = this.#parts;
    const read = unwrapResolved(backplane.read(channel.name, page));
    if (!isPromise(read)) return this.#applyRead(channel, read);
    return this.#applyReadAsync(
      channel,
      repeatOnce(read, () => backplane.read(channel.name, page)),
    );
  }

  async #applyReadAsync(channel: Channel, read: Promise<ReadResult>): Promise<boolean> {
    const answer = await read;
    // What was read before it is known who has lost a right is read again.
    return this.#heldBy(channel) === undefined && this.#applyRead(channel, answer);
  }

  #applyRead(channel: Channel, read: ReadResult): boolean {
    if (channel.epoch === "") channel.resetTo(read.epoch, read.top);
    else if (read.epoch === channel.epoch && isContiguous(channel.offset, read.entries, read.top)) {
      for (const entry of read.entries)
        channel.deliver({ ...entry, channel: channel.name, epoch: read.epoch });
    } else this.#announceGap(channel, { epoch: read.epoch, off: read.top });
    return this.#drainBuffer(channel);
  }

  /** Delivers the publications that arrived during the read. @returns whether they follow the position, so that the channel is live now */
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

  /** Stores the promise that readers of a channel wait for. It is dropped when it resolves, so a live channel holds none. */
  holdWhile(channel: Channel, ready: Promise<unknown>): void {
    channel.synced = ready;
    const done = (): void => {
      if (channel.synced === ready) channel.synced = undefined;
    };
    ready.then(done, () => undefined);
  }
}

/** A random time between half of `ms` and `ms`, so that nodes that failed together do not return together. */
function jittered(ms: number, clock: Clock): number {
  return ms * (0.5 + clock.random() / 2);
}

/** Whether the entries follow an offset without a hole and end at the top of the channel. */
function isContiguous(offset: number, entries: readonly LogEntry[], top: number): boolean {
  let position = offset;
  for (const entry of entries) {
    if (entry.prev !== position) return false;
    position = entry.offset;
  }
  return position === top;
}
