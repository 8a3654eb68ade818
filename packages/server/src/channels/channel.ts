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
 * `syncing`: what comes is kept until the node knows where the channel stands. `stale`: it could not find out, and will
 * ask again; what comes meanwhile is in the history.
 */
export type ChannelStatus = "syncing" | "stale" | "live";

/** What a channel has beside where it stands, while that is not known for sure. */
class SyncState {
  status: ChannelStatus = "syncing";
  buffer: Publication[] | undefined = undefined;
  synced: Promise<unknown> | undefined = undefined;
  retry: unknown = undefined;
}

/** One channel on this node: where it stands, its newest frames, and who reads it. Most are of one user, and at rest. */
export class Channel extends Subscribers {
  readonly name: string;
  epoch = "";
  offset = 0;
  /** Undefined while it is at rest. */
  #sync: SyncState | undefined = new SyncState();
  readonly #retention: number;
  /** Its newest frames. */
  #ring: { entries: RingEntry[]; chars: number } | undefined = undefined;

  /** @param retention how many messages of history there are; this node's own frames reach back no further */
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

  /** What came while `syncing`. */
  get buffer(): Publication[] | undefined {
    return this.#sync?.buffer;
  }
  set buffer(buffer: Publication[] | undefined) {
    this.#beginSync().buffer = buffer;
    this.#dropSyncStateIfIdle();
  }

  /** Settles when the channel is live; undefined when it is, and nothing is asked for. */
  get synced(): Promise<unknown> | undefined {
    return this.#sync?.synced;
  }
  set synced(synced: Promise<unknown> | undefined) {
    this.#beginSync().synced = synced;
    this.#dropSyncStateIfIdle();
  }

  /** Runs while it is `stale`, before it is asked for again. */
  get retry(): unknown {
    return this.#sync?.retry;
  }
  set retry(retry: unknown) {
    this.#beginSync().retry = retry;
  }

  /** Gives the next publication to every reader. The frame is made here, once. */
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

  /** The frames after a position, if the newest ones that this node keeps reach back to it. */
  framesAfter(offset: number): readonly RingEntry[] | undefined {
    if (offset === this.offset) return [];
    const ring = this.#ring?.entries ?? [];
    const index = ring.findIndex((entry) => entry.prev === offset);
    return index === -1 || ring.length - index > this.#retention ? undefined : ring.slice(index);
  }

  /** Starts over at a position that has no connection with what came before. */
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
    const unrest = this.#sync;
    if (unrest?.status !== "live" || unrest.buffer !== undefined || unrest.synced !== undefined) return;
    // Whoever gives the channel up stops the timer.
    if (unrest.retry === undefined) this.#sync = undefined;
  }

  #appendToRing(publication: Publication): RingEntry {
    const entry = toEntry(this.name, publication);
    const ring = (this.#ring ??= { entries: [], chars: 0 });
    ring.entries.push(entry);
    ring.chars += entry.frame.text.length;
    // Trimmed in halves, so that the cost of moving the array is spread over many messages.
    if (ring.entries.length > 2 * RING_ENTRIES || ring.chars > 2 * RING_CHARS) {
      ring.entries = ring.entries.slice(-RING_ENTRIES);
      ring.chars = ring.entries.reduce((sum, { frame }) => sum + frame.text.length, 0);
      if (ring.chars > RING_CHARS) ring.entries = ring.entries.slice(-1);
    }
    return entry;
  }
}

export interface ReplayEntry {
  readonly offset: number;
  readonly frame: OutboundFrame;
  readonly excludedClient: string | undefined;
}

/** A stored message as a frame of its channel. */
export function toEntry(
  channel: string,
  stored: { readonly offset: number; readonly prev: number; readonly data: string },
): RingEntry {
  const { json, excludedClient } = decodeEnvelope(stored.data);
  const frame = new OutboundFrame(encodeFrame(json, { ch: channel, off: stored.offset }));
  return { offset: stored.offset, prev: stored.prev, frame, excludedClient };
}
