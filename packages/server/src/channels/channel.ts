// One channel as this node sees it: its position, its newest frames and its subscribers.
// The channel hub delivers publications to it; a replay reads its newest frames.
// Each publication is encoded here, once for all subscribers of the node.

import { encodeFrame } from "@halyard/protocol/wire";
import type { Publication } from "../backplane.ts";
import { decodeEnvelope } from "./envelope.ts";
import type { EnvelopeHeader } from "./envelope.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { ChannelFrames, toReplayEntry } from "./recent-frames.ts";
import type { RecentFrames, ReplayEntry } from "./recent-frames.ts";
import type { RoomCopies } from "./room-copies.ts";
import { Subscribers } from "./subscribers.ts";

/**
 * - `syncing`: publications are buffered until the position of the channel is known
 * - `stale`: the position could not be read and the read will be repeated; the history holds what is published meanwhile
 * - `live`: publications are delivered
 */
export type ChannelStatus = "syncing" | "stale" | "live";

/** The state that a channel needs only while its position is uncertain. */
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
  readonly #recentFrames: RecentFrames;
  readonly #copies: RoomCopies;
  /** The newest frames, which answer most replays. */
  #frames: ChannelFrames | undefined = undefined;

  constructor(name: string, recentFrames: RecentFrames, copies: RoomCopies) {
    super();
    this.name = name;
    this.#copies = copies;
    this.#recentFrames = recentFrames;
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
    const entry = toReplayEntry(this.name, publication);
    this.#recentFrames.add((this.#frames ??= new ChannelFrames()), entry);
    this.offset = publication.offset;
    const { header, text } = entry;
    if (header === undefined) this.broadcast(new OutboundFrame(text), this.name);
    else
      this.#deliverByOne({ header, text, ephemeral: false }, (connection) => {
        connection.skip(this.name, publication.offset);
      });
  }

  deliverEphemeral(data: string): void {
    const { json, header } = decodeEnvelope(data);
    const text = encodeFrame(json, { ch: this.name });
    if (header === undefined) this.broadcast(new OutboundFrame(text, true));
    else this.#deliverByOne({ header, text, ephemeral: true }, () => {});
  }

  /** Delivers to each subscriber individually: some do not get the message, and those in several of its rooms get their own text. */
  #deliverByOne(
    message: { readonly header: EnvelopeHeader; readonly text: string; readonly ephemeral: boolean },
    skip: (connection: Connection) => void,
  ): void {
    const { ephemeral } = message;
    const frames = new Map<string, OutboundFrame>();
    for (const connection of this) {
      const text = this.#copies.textFor(connection, this.name, message);
      if (text === undefined) {
        skip(connection);
        continue;
      }
      const frame = frames.get(text) ?? new OutboundFrame(text, ephemeral);
      frames.set(text, frame);
      connection.pushFromChannel(frame, ephemeral ? undefined : this.name);
    }
  }

  /** The frames after an offset, or undefined if the newest frames do not reach back to it. */
  framesAfter(offset: number): readonly ReplayEntry[] | undefined {
    if (offset === this.offset) return [];
    return this.#frames === undefined ? undefined : this.#recentFrames.after(this.#frames, offset);
  }

  /** Continues at a position that does not follow the current one. */
  resetTo(epoch: string, offset: number): void {
    if (epoch !== this.epoch) this.startAllAt(offset);
    this.epoch = epoch;
    this.offset = offset;
    this.dropFrames();
  }

  /** Drops the newest frames, because the channel is closed or continues at another position. */
  dropFrames(): void {
    if (this.#frames !== undefined) this.#recentFrames.clear(this.#frames);
    this.#frames = undefined;
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
    // A timer that still runs must stay reachable, so that closing the channel can stop it.
    if (sync.retry === undefined) this.#sync = undefined;
  }
}
