import type { GapMessage, GapReason, Position, WelcomeMessage } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { ClientEvents } from "./client-events.ts";
import type { Emitter } from "../common/emitter.ts";

/** Messages that wait for the application to fill a gap: over these bounds they do not wait any longer. */
const HELD_MESSAGES = 1_000;
const HELD_BYTES = 1024 * 1024;

interface Hold {
  /** Promises of the application that are pending. */
  waits: number;
  frames: Frame[];
  bytes: number;
}

interface Channel {
  epoch: string;
  /** Moved by frames of the channel only, after the application's listeners ran. */
  off: number;
  /** Where the channel stood when this connection came to it: what is not past it is a replay. */
  head: number;
  hold?: Hold | undefined;
}

/** How far each channel was read, so that after a reconnect nothing is missing and nothing comes twice. */
export class Channels {
  readonly #emitter: Emitter<ClientEvents>;
  readonly #channels = new Map<string, Channel>();

  constructor(emitter: Emitter<ClientEvents>) {
    this.#emitter = emitter;
  }

  get positions(): { ch: string; epoch: string; off: number }[] {
    return Array.from(this.#channels, ([ch, { epoch, off }]) => ({ ch, epoch, off }));
  }

  /** @param rooms those that will be asked for again where they are missing */
  resume(channels: WelcomeMessage["channels"], rooms: readonly string[]): void {
    for (const name of this.#channels.keys()) {
      const isWished = rooms.some((room) => name === `room:${room}`);
      if (!isWished && !Object.hasOwn(channels, name)) this.drop(name);
    }
    for (const [name, state] of Object.entries(channels)) {
      const channel = this.#channels.get(name);
      // A known position is moved by what follows, by frames or by a gap. A forbidden channel has none.
      if (state.recovered === "new" || (state.recovered !== "forbidden" && !channel)) this.#move(name, state);
      else if (channel) channel.head = state.off;
    }
  }

  /** A room was joined outside of a welcome. Where it was read before, what came between is lost. */
  join(name: string, position: Position): void {
    const known = this.#channels.get(name);
    const isBehind = known && (known.epoch !== position.epoch || known.off !== position.off);
    if (this.#move(name, position) && isBehind) this.#gap(name, "lost");
  }

  drop(name: string): void {
    this.#channels.delete(name);
  }

  clear(): void {
    this.#channels.clear();
  }

  /** What is held is forgotten: it is past the position, so the next connection brings it again. */
  lost(): void {
    for (const channel of this.#channels.values()) {
      channel.head = -1;
      if (!channel.hold) continue;
      channel.hold.frames = [];
      channel.hold.bytes = 0;
    }
  }

  /** @param size of the frame's text, roughly its bytes */
  receive(frame: Frame, size: number): void {
    const channel = this.#channels.get(frame.$?.ch ?? "");
    const hold = channel?.hold;
    if (!hold) return this.#deliver(frame, channel);
    hold.frames.push(frame);
    hold.bytes += size;
    if (hold.frames.length > HELD_MESSAGES || hold.bytes > HELD_BYTES) this.#release(channel);
  }

  gap({ ch, reason, ...position }: GapMessage): void {
    if (this.#move(ch, position)) this.#gap(ch, reason);
  }

  #move(name: string, { epoch, off }: Position): boolean {
    if (typeof epoch !== "string" || !Number.isSafeInteger(off)) return false;
    this.#channels.set(name, { ...this.#channels.get(name), epoch, off, head: off });
    return true;
  }

  #gap(name: string, reason: GapReason): void {
    const waits = this.#emitter.emit("gap", name, reason).filter((result) => result instanceof Promise);
    const channel = this.#channels.get(name);
    if (!channel || waits.length === 0) return;
    const hold = (channel.hold ??= { waits: 0, frames: [], bytes: 0 });
    hold.waits += waits.length;
    for (const wait of waits) {
      // A rejection is the application's own, and reported as such by the platform.
      void wait.finally(() => {
        if (--hold.waits === 0 && channel.hold === hold) this.#release(channel);
      });
    }
  }

  #release(channel: Channel): void {
    const frames = channel.hold?.frames ?? [];
    channel.hold = undefined;
    for (const frame of frames) this.#deliver(frame, channel);
  }

  #deliver(frame: Frame, channel: Channel | undefined): void {
    const { $: { ch = "", off } = {}, ...message } = frame;
    // Without a place in a channel, a frame is neither before nor after anything.
    const place = Number.isSafeInteger(off) ? Number(off) : NaN;
    if (channel && place <= channel.off) return;
    if (frame.type !== "skip") {
      const room = ch.startsWith("room:") ? ch.slice(5) : undefined;
      this.#emitter.emit("message", message, { room, replayed: place <= Number(channel?.head) }, ch);
    }
    if (channel && place) channel.off = place;
  }
}
