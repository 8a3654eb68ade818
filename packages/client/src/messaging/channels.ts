// Tracks how far each channel has been read, and holds messages while the application fills a gap.
// Called for each welcome, join, gap and message; emits what the application receives.
// No message of a channel is delivered twice, and a position advances only after the listeners have run.
import type { GapMessage, GapReason, Position, WelcomeMessage } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { Emitter } from "../common/emitter.ts";
import type { ClientEvents } from "./client-events.ts";

/** Above one of these bounds, the messages of a channel no longer wait for the application. */
const MAX_HELD_MESSAGES = 1_000;
const MAX_HELD_BYTES = 1024 * 1024;

/** The messages that wait for the gap listeners of their channel. */
interface HeldMessages {
  /** How many promises of gap listeners are pending, counting all gaps since messages began to wait. */
  pendingListeners: number;
  frames: Frame[];
  bytes: number;
}

/** The state of a channel: the same object from its first position until it is dropped. */
interface Channel {
  epoch: string;
  /** The position: the offset up to which the channel has been read. Only frames of the channel advance it. */
  off: number;
  /** The offset to which the position was set last: the channel has been read from there on. */
  since: number;
  /** The newest offset when this connection subscribed; messages up to it are replayed ones. */
  head: number;
  held?: HeldMessages | undefined;
}

/** A position, and the newest offset of the channel, if messages up to it follow as replayed ones. */
type NewPosition = Position & { readonly head?: number | undefined };

export class Channels {
  readonly #emitter: Emitter<ClientEvents>;
  readonly #channels = new Map<string, Channel>();

  constructor(emitter: Emitter<ClientEvents>) {
    this.#emitter = emitter;
  }

  get positions(): { ch: string; epoch: string; off: number; since: number }[] {
    return Array.from(this.#channels, ([ch, { epoch, off, since }]) => ({ ch, epoch, off, since }));
  }

  /** A room that the welcome does not have keeps its position: a server whose store is away does not know the rooms that it gave. */
  resume(channels: WelcomeMessage["channels"]): void {
    for (const name of this.#channels.keys())
      if (!name.startsWith("room:") && !Object.hasOwn(channels, name)) this.drop(name);
    for (const [name, state] of Object.entries(channels)) {
      const channel = this.#channels.get(name);
      // A known position is advanced by the frames or the gap that follow. A channel that is not read (yet) has no position.
      if (state.recovered === "new" || (isSubscribed(state) && !channel)) this.#setPosition(name, state);
      else if (channel) channel.head = state.head ?? state.off;
    }
  }

  /** Call when a room was joined after the welcome. If it was read before, the messages in between are lost. */
  join(name: string, { epoch, off, head = off }: NewPosition): void {
    const known = this.#channels.get(name);
    // The channel has been read since its earlier position.
    if (known?.epoch === epoch && known.off === off) known.head = head;
    else if (this.#setPosition(name, { epoch, off, head }) && known) this.#emitGap(name, "lost");
  }

  drop(name: string): void {
    this.#channels.delete(name);
  }

  /** Drops the held messages. They are after the position, so the next connection replays them. */
  onDisconnected(): void {
    for (const channel of this.#channels.values()) {
      channel.head = -1;
      forgetHeld(channel);
    }
  }

  /** @param size the length of the frame's text, roughly its bytes */
  receive(frame: Frame, size: number): void {
    const channel = this.#channels.get(frame.$?.ch ?? "");
    const held = channel?.held;
    if (!held) return this.#deliver(frame, channel);
    held.frames.push(frame);
    held.bytes += size;
    if (held.frames.length > MAX_HELD_MESSAGES || held.bytes > MAX_HELD_BYTES) this.#release(channel);
  }

  gap({ ch, reason, ...position }: GapMessage): void {
    if (this.#setPosition(ch, position)) this.#emitGap(ch, reason);
  }

  /** @returns whether the position is valid */
  #setPosition(name: string, { epoch, off, head = off }: NewPosition): boolean {
    if (typeof epoch !== "string" || !Number.isSafeInteger(off)) return false;
    const channel: Partial<Channel> = this.#channels.get(name) ?? {};
    const changed = Object.assign(channel, { epoch, off, since: off, head });
    // Held messages came before the new position, perhaps in another epoch, where their offsets would have no meaning.
    forgetHeld(changed);
    this.#channels.set(name, changed);
    return true;
  }

  #emitGap(name: string, reason: GapReason): void {
    const results = this.#emitter.emit("gap", name, reason) as (PromiseLike<unknown> | undefined)[];
    const pending = results.filter((result) => result?.then);
    const channel = this.#channels.get(name);
    if (!channel || pending.length === 0) return;
    const held = (channel.held ??= { pendingListeners: 0, frames: [], bytes: 0 });
    held.pendingListeners += pending.length;
    for (const promise of pending) {
      const settle = () => {
        if (--held.pendingListeners === 0 && channel.held === held) this.#release(channel);
      };
      // The emitter reports a rejection.
      promise?.then(settle, settle);
    }
  }

  #release(channel: Channel): void {
    const frames = channel.held?.frames ?? [];
    channel.held = undefined;
    for (const frame of frames) {
      // The listener that was just called may have left the room.
      if (this.#channels.get(frame.$?.ch ?? "") === channel) this.#deliver(frame, channel);
    }
  }

  #deliver(frame: Frame, channel: Channel | undefined): void {
    const { $: { ch = "", off, also = [] } = {}, ...message } = frame;
    // Without an offset, a frame is neither before nor after the position: NaN makes both comparisons false.
    const offset = Number.isSafeInteger(off) ? Number(off) : NaN;
    if (channel && offset <= channel.off) return;
    if (frame.type !== "skip") {
      for (const name of [ch, ...also]) {
        const room = name.startsWith("room:") ? name.slice(5) : undefined;
        const delivery = { room, replayed: offset <= Number(channel?.head) };
        this.#emitter.emit("message", message, delivery, name, name !== ch);
      }
    }
    if (channel && offset) channel.off = offset;
  }
}

/** Whether the welcome subscribed the connection to the channel. */
export const isSubscribed = ({ recovered }: WelcomeMessage["channels"][string]): boolean =>
  recovered !== "forbidden" && recovered !== "pending";

/** Whether the server has lost messages of a channel. */
export const hasLost = (channels: WelcomeMessage["channels"]): boolean =>
  Object.values(channels).some(({ recovered }) => recovered === "lost");

function forgetHeld({ held }: Channel): void {
  if (!held) return;
  held.frames = [];
  held.bytes = 0;
}
