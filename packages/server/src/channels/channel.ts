import { encodeFrame } from "@halyard/protocol/wire";
import type { Publication } from "../backplane.ts";
import { decodeEnvelope, isKeyOf } from "./envelope.ts";
import { Frame } from "../delivery/outbound-frame.ts";
import { Readers } from "./subscribers.ts";

interface RingEntry {
  readonly offset: number;
  readonly prev: number;
  readonly frame: Frame;
  readonly except: string | undefined;
}

const RING_ENTRIES = 64;
const RING_CHARS = 256 * 1024;

/**
 * `syncing`: what comes is kept until the node knows where the channel stands. `stale`: it could not find out, and will
 * ask again; what comes meanwhile is in the history.
 */
export type ChannelState = "syncing" | "stale" | "live";

/** What a channel has beside where it stands, while that is not known for sure. */
class Unrest {
  state: ChannelState = "syncing";
  buffer: Publication[] | undefined = undefined;
  ready: Promise<unknown> | undefined = undefined;
  retry: unknown = undefined;
}

/** One channel on this node: where it stands, its newest frames, and who reads it. Most are of one user, and at rest. */
export class Channel extends Readers {
  readonly name: string;
  epoch = "";
  offset = 0;
  /** Undefined while it is at rest. */
  #unrest: Unrest | undefined = new Unrest();
  readonly #kept: number;
  /** Its newest frames. */
  #ring: { entries: RingEntry[]; chars: number } | undefined = undefined;

  /** @param kept how many messages of history there are; this node's own frames reach back no further */
  constructor(name: string, kept: number) {
    super();
    this.name = name;
    this.#kept = Math.min(kept, RING_ENTRIES);
  }

  get state(): ChannelState {
    return this.#unrest?.state ?? "live";
  }
  set state(state: ChannelState) {
    this.#stir().state = state;
    this.#rest();
  }

  /** What came while `syncing`. */
  get buffer(): Publication[] | undefined {
    return this.#unrest?.buffer;
  }
  set buffer(buffer: Publication[] | undefined) {
    this.#stir().buffer = buffer;
    this.#rest();
  }

  /** Settles when the channel is live; undefined when it is, and nothing is asked for. */
  get ready(): Promise<unknown> | undefined {
    return this.#unrest?.ready;
  }
  set ready(ready: Promise<unknown> | undefined) {
    this.#stir().ready = ready;
    this.#rest();
  }

  /** Runs while it is `stale`, before it is asked for again. */
  get retry(): unknown {
    return this.#unrest?.retry;
  }
  set retry(retry: unknown) {
    this.#stir().retry = retry;
  }

  /** Gives the next publication to every reader. The frame is made here, once. */
  deliver(publication: Publication): void {
    const entry = this.#remember(publication);
    this.offset = publication.offset;
    const { frame, except } = entry;
    if (except === undefined) {
      this.give(frame, this.name);
      return;
    }
    for (const connection of this) {
      if (isKeyOf(except, connection.client)) connection.skip(this.name, publication.offset);
      else connection.deliver(frame, this.name);
    }
  }

  deliverEphemeral(data: string): void {
    const { json, except } = decodeEnvelope(data);
    const frame = new Frame(encodeFrame(json, { ch: this.name }), true);
    if (except === undefined) this.give(frame);
    else for (const connection of this) if (!isKeyOf(except, connection.client)) connection.push(frame);
  }

  /** The frames after a position, if the newest ones that this node keeps reach back to it. */
  framesAfter(offset: number): readonly RingEntry[] | undefined {
    if (offset === this.offset) return [];
    const ring = this.#ring?.entries ?? [];
    const index = ring.findIndex((entry) => entry.prev === offset);
    return index === -1 || ring.length - index > this.#kept ? undefined : ring.slice(index);
  }

  /** Starts over at a position that has no connection with what came before. */
  restart(epoch: string, offset: number): void {
    this.epoch = epoch;
    this.offset = offset;
    this.#ring = undefined;
  }

  #stir(): Unrest {
    if (this.#unrest === undefined) {
      this.#unrest = new Unrest();
      this.#unrest.state = "live";
    }
    return this.#unrest;
  }

  #rest(): void {
    const unrest = this.#unrest;
    if (unrest?.state !== "live" || unrest.buffer !== undefined || unrest.ready !== undefined) return;
    // Whoever gives the channel up stops the timer.
    if (unrest.retry === undefined) this.#unrest = undefined;
  }

  #remember(publication: Publication): RingEntry {
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
  readonly frame: Frame;
  readonly except: string | undefined;
}

/** A stored message as a frame of its channel. */
export function toEntry(
  channel: string,
  stored: { readonly offset: number; readonly prev: number; readonly data: string },
): RingEntry {
  const { json, except } = decodeEnvelope(stored.data);
  const frame = new Frame(encodeFrame(json, { ch: channel, off: stored.offset }));
  return { offset: stored.offset, prev: stored.prev, frame, except };
}
