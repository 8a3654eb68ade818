// The newest frames of all channels of this node, which answer most replays without the backplane.
// Each channel adds its frames (see channel.ts) and reads them back; the channel hub creates one instance for the node.
// Guarantees: a frame is kept no longer than the history keeps its message, in messages, bytes and age of the channel; the
// frames of all channels together take no more than `maxBytes`, and the oldest are dropped first. Frames that nobody reads expire.

import type { HistoryBounds, LogEntry } from "../backplane.ts";
import type { Clock } from "../types.ts";
import { textBytes } from "../utils/text.ts";
import { decodeEnvelope } from "./envelope.ts";
import type { EnvelopeHeader } from "./envelope.ts";
import { encodeFrame } from "@halyard/protocol/wire";

/** A message of a channel, encoded for the wire. */
export interface ReplayEntry {
  readonly offset: number;
  readonly prev: number;
  readonly at: number;
  readonly text: string;
  readonly bytes: number;
  /** Undefined for a message that every reader gets. */
  readonly header: EnvelopeHeader | undefined;
}

/** The newest frames of one channel, oldest first. */
export class ChannelFrames {
  entries: RecentFrame[] = [];
  bytes = 0;
}

/** An entry in the node's list of frames, which is ordered by age. */
interface RecentFrame extends ReplayEntry {
  readonly channel: ChannelFrames;
  older: RecentFrame | undefined;
  newer: RecentFrame | undefined;
}

/** The dependencies and bounds of {@link RecentFrames}. */
export interface RecentFramesParts {
  readonly clock: Clock;
  readonly bounds: HistoryBounds;
  readonly maxBytes: number;
}

/** The frames that are kept per channel: enough for a reconnect within seconds. Older messages are read from the backplane. */
const CHANNEL_ENTRIES = 64;
const CHANNEL_BYTES = 256 * 1024;
/** The memory that an entry takes beside its text, in bytes. */
const ENTRY_BYTES = 200;
/** The shortest time between two sweeps. */
const MIN_SWEEP_MS = 1_000;

/** The newest frames of all channels of this node. */
export class RecentFrames {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #maxChannelBytes: number;
  readonly #maxBytes: number;
  readonly #maxMs: number;
  #oldest: RecentFrame | undefined = undefined;
  #newest: RecentFrame | undefined = undefined;
  #bytes = 0;
  #sweeper: unknown = undefined;

  constructor({ clock, bounds, maxBytes }: RecentFramesParts) {
    this.#clock = clock;
    this.#maxEntries = Math.min(bounds.messages, CHANNEL_ENTRIES);
    this.#maxChannelBytes = Math.min(bounds.bytes, CHANNEL_BYTES);
    this.#maxMs = bounds.ms;
    this.#maxBytes = maxBytes;
  }

  /** How much memory the frames take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  add(channel: ChannelFrames, entry: ReplayEntry): void {
    const { offset, prev, at, text, bytes, header } = entry;
    const older = this.#newest;
    const frame = { offset, prev, at, text, bytes, header, channel, older, newer: undefined };
    if (older === undefined) this.#oldest = frame;
    else older.newer = frame;
    this.#newest = frame;
    channel.entries.push(frame);
    channel.bytes += bytes;
    this.#bytes += bytes + ENTRY_BYTES;
    while (channel.entries.length > this.#maxEntries || channel.bytes > this.#maxChannelBytes)
      this.#dropFirst(channel);
    while (this.#bytes > this.#maxBytes && this.#oldest !== undefined) this.#dropFirst(this.#oldest.channel);
    if (this.#oldest !== undefined) this.#sweeper ??= this.#clock.setTimeout(this.#sweep, this.#maxMs);
  }

  /** The frames of a channel that follow an offset, or undefined if they do not reach back to it. */
  after(channel: ChannelFrames, offset: number): readonly ReplayEntry[] | undefined {
    this.#expire();
    const index = channel.entries.findIndex(({ prev }) => prev === offset);
    return index === -1 ? undefined : channel.entries.slice(index);
  }

  /** Drops all frames of a channel. */
  clear(channel: ChannelFrames): void {
    while (channel.entries.length > 0) this.#dropFirst(channel);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#sweeper);
    this.#sweeper = undefined;
  }

  #dropFirst(channel: ChannelFrames): void {
    const frame = channel.entries.shift();
    if (frame === undefined) return;
    const { older, newer, bytes } = frame;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    channel.bytes -= bytes;
    this.#bytes -= bytes + ENTRY_BYTES;
  }

  #expire(): void {
    const last = this.#clock.now() - this.#maxMs;
    while (this.#oldest !== undefined && this.#oldest.at <= last) this.#dropFirst(this.#oldest.channel);
  }

  readonly #sweep = (): void => {
    this.#sweeper = undefined;
    this.#expire();
    if (this.#oldest === undefined) return;
    const dueMs = this.#oldest.at + this.#maxMs - this.#clock.now();
    this.#sweeper = this.#clock.setTimeout(this.#sweep, Math.min(this.#maxMs, Math.max(MIN_SWEEP_MS, dueMs)));
  };
}

/** Encodes a stored message as a frame of its channel. */
export function toReplayEntry(channel: string, { offset, prev, at, data }: LogEntry): ReplayEntry {
  const { json, header } = decodeEnvelope(data);
  const text = encodeFrame(json, { ch: channel, off: offset });
  // The header takes memory as well.
  const bytes = textBytes(text) + data.length - json.length;
  return { offset, prev, at, text, bytes, header };
}
