// One channel on this node: its position, its newest frames and its subscribers.
// The channel hub delivers publications to it; a replay reads its newest frames.
// The frame of a publication is encoded here, once for all subscribers of the node.

import { encodeFrame } from "@halyard/protocol/wire";
import type { Publication } from "../backplane.ts";
import { decodeEnvelope, matchesClientKey } from "./envelope.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { Subscribers } from "./subscribers.ts";

interface RingEntry {
  readonly offset: number;
  readonly prev: number;
  readonly frame: OutboundFrame;
  readonly excludedClient: string | undefined;
}

const RING_ENTRIES = 64;
const RING_CHARS = 256 * 1024;

/**
 * - `syncing`: publications are buffered until the position of the channel is known
 * - `stale`: the position could not be read and the read will be repeated; the history holds what is published meanwhile
 * - `live`: publications are delivered
 */
export type ChannelStatus = "syncing" | "stale" | "live";

/** What a channel needs only while its position is not known for sure. */
class SyncState {
  status: ChannelStatus = "syncing";
  buffer: Publication[] | undefined = undefined;
  synced: Promise<unknown> | undefined = undefined;
  retry: unknown = undefined;
}

/** One channel. Most channels belong to one user and are idle, so an idle channel keeps no synchronization state. */
export class Channel extends Subscribers {
  readonly name: string;
  epoch = "";
  offset = 0;
  /** Undefined while the channel is live and nothing is pending. */
  #sync: SyncState | undefined = new SyncState();
  readonly #retention: number;
  /** The newest frames, with which most replays are answered. */
  #ring: { entries: RingEntry[]; chars: number } | undefined = undefined;

  /** @param retention how many messages the history holds; a replay from the newest frames reaches back no further */
  constructor(name: string, retention: number) {
    super();
    this.name = name;
    this.#retention = Math.min(retention, RING_ENTRIES);
  }

  get status(): ChannelStatus {
    return this.#sync?.status ?? "live";
  }
  set status(status: ChannelStatus) {
    this.#beginSync().status = status;
    this.#dropSyncStateIfIdle();
  }

  /** Publications that arrived while `syncing`. */
  get buffer(): Publication[] | undefined {
    return this.#sync?.buffer;
  }
  set buffer(buffer: Publication[] | undefined) {
    this.#beginSync().buffer = buffer;
    this.#dropSyncStateIfIdle();
  }

  /** Settles when the channel is live; undefined if it is live and no read is running. */
  get synced(): Promise<unknown> | undefined {
    return this.#sync?.synced;
  }
  set synced(synced: Promise<unknown> | undefined) {
    this.#beginSync().synced = synced;
    this.#dropSyncStateIfIdle();
  }

  /** The timer of the next read while the channel is `stale`. */
  get retry(): unknown {
    return this.#sync?.retry;
  }
  set retry(retry: unknown) {
    this.#beginSync().retry = retry;
  }

  /** Delivers the next publication to every subscriber. */
  deliver(publication: Publication): void {
    const entry = this.#appendToRing(publication);
    this.offset = publication.offset;
    const { frame, excludedClient } = entry;
    if (excludedClient === undefined) {
      this.broadcast(frame, this.name);
      return;
    }
    for (const connection of this) {
      if (matchesClientKey(excludedClient, connection.client)) connection.skip(this.name, publication.offset);
      else connection.pushFromChannel(frame, this.name);
    }
  }

  deliverEphemeral(data: string): void {
    const { json, excludedClient } = decodeEnvelope(data);
    const frame = new OutboundFrame(encodeFrame(json, { ch: this.name }), true);
    if (excludedClient === undefined) this.broadcast(frame);
    else
      for (const connection of this)
        if (!matchesClientKey(excludedClient, connection.client)) connection.push(frame);
  }

  /** The frames after an offset, or undefined if the newest frames do not reach back to it. */
  framesAfter(offset: number): readonly RingEntry[] | undefined {
    if (offset === this.offset) return [];
    const ring = this.#ring?.entries ?? [];
    const index = ring.findIndex((entry) => entry.prev === offset);
    return index === -1 || ring.length - index > this.#retention ? undefined : ring.slice(index);
  }

  /** Continues at a position that does not follow the present one. */
  resetTo(epoch: string, offset: number): void {
    this.epoch = epoch;
    this.offset = offset;
    this.#ring = undefined;
  }

  #beginSync(): SyncState {
    if (this.#sync === undefined) {
      this.#sync = new SyncState();
      this.#sync.status = "live";
    }
    return this.#sync;
  }

  #dropSyncStateIfIdle(): void {
    const sync = this.#sync;
    if (sync?.status !== "live" || sync.buffer !== undefined || sync.synced !== undefined) return;
    // A timer that still runs is stopped when the channel is closed.
    if (sync.retry === undefined) this.#sync = undefined;
  }

  #appendToRing(publication: Publication): RingEntry {
    const entry = toEntry(this.name, publication);
    const ring = (this.#ring ??= { entries: [], chars: 0 });
    ring.entries.push(entry);
    ring.chars += entry.frame.text.length;
    // The ring is trimmed at twice its size, so that the cost of moving the array is spread over many messages.
    if (ring.entries.length > 2 * RING_ENTRIES || ring.chars > 2 * RING_CHARS) {
      ring.entries = ring.entries.slice(-RING_ENTRIES);
      ring.chars = ring.entries.reduce((sum, { frame }) => sum + frame.text.length, 0);
      if (ring.chars > RING_CHARS) ring.entries = ring.entries.slice(-1);
    }
    return entry;
  }
}

/** A frame that a replay can send. */
export interface ReplayEntry {
  readonly offset: number;
  readonly frame: OutboundFrame;
  readonly excludedClient: string | undefined;
}

/** Encodes a stored message as a frame of its channel. */
export function toEntry(
  channel: string,
  stored: { readonly offset: number; readonly prev: number; readonly data: string },
): RingEntry {
  const { json, excludedClient } = decodeEnvelope(stored.data);
  const frame = new OutboundFrame(encodeFrame(json, { ch: channel, off: stored.offset }));
  return { offset: stored.offset, prev: stored.prev, frame, excludedClient };
}
