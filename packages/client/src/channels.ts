import type { ChannelState, GapReason, Position } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { Delivery } from "./web-socket-client.js";

/** Messages that wait for the application to fill a gap: over these bounds they do not wait any longer. */
const HELD_MESSAGES = 1_000;
const HELD_BYTES = 1024 * 1024;

export interface ChannelsContext {
  readonly deliver: (message: Frame, delivery: Delivery) => void;
  /** @returns what the application's listeners returned */
  readonly gap: (channel: string, reason: GapReason) => unknown[];
  readonly report: (error: unknown) => void;
}

interface Hold {
  /** Gaps whose listeners are at work. */
  gaps: number;
  frames: Frame[];
  bytes: number;
}

/** How far each channel was read, so that after a reconnect nothing is missing and nothing comes twice. */
export class Channels {
  readonly #context: ChannelsContext;
  /** Moved by frames of the channel only, after the application's listeners ran. Kept in memory only. */
  readonly #positions = new Map<string, Position>();
  /** Where the channels stood when this connection joined them: what is not past it is a replay. */
  readonly #heads = new Map<string, number>();
  readonly #holds = new Map<string, Hold>();

  constructor(context: ChannelsContext) {
    this.#context = context;
  }

  get positions(): { ch: string; epoch: string; off: number }[] {
    return Array.from(this.#positions, ([ch, position]) => ({ ch, ...position }));
  }

  /** @param wished channels that are missing from a welcome but will be asked for again */
  resume(channels: Readonly<Record<string, ChannelState>>, wished: ReadonlySet<string>): void {
    for (const channel of this.#positions.keys()) {
      if (!Object.hasOwn(channels, channel) && !wished.has(channel)) this.drop(channel);
    }
    for (const [channel, { epoch, off, recovered }] of Object.entries(channels)) {
      this.#heads.set(channel, off);
      // Unless it is new, the position is moved by what follows: by frames, or by a gap.
      if (recovered === "new" || (recovered !== "forbidden" && !this.#positions.has(channel))) {
        this.#move(channel, epoch, off);
      }
    }
  }

  /** A room was joined outside of a welcome. Where it was read before, what came between is lost. */
  join(channel: string, { epoch, off }: Partial<Position>): void {
    const before = this.#positions.get(channel);
    if (!this.#move(channel, epoch, off)) return;
    this.#heads.set(channel, Number(off));
    if (before && (before.epoch !== epoch || before.off !== off)) this.#open(channel, "lost");
  }

  drop(channel: string): void {
    this.#positions.delete(channel);
    this.#heads.delete(channel);
  }

  /** What waits is forgotten: it is past the position, so the next connection brings it again. */
  lost(): void {
    this.#heads.clear();
    for (const hold of this.#holds.values()) {
      hold.frames = [];
      hold.bytes = 0;
    }
  }

  clear(): void {
    this.lost();
    this.#positions.clear();
  }

  /** @param size of the frame's text, roughly its bytes */
  receive(frame: Frame, size: number): void {
    const hold = this.#holds.get(frame.$?.ch ?? "");
    if (!hold) return this.#deliver(frame);
    hold.frames.push(frame);
    hold.bytes += size;
    if (hold.frames.length > HELD_MESSAGES || hold.bytes > HELD_BYTES) this.#release(frame.$?.ch ?? "", hold);
  }

  gap({ ch, epoch, off, reason }: Frame): void {
    if (typeof ch === "string" && this.#move(ch, epoch, off)) this.#open(ch, reason as GapReason);
  }

  #move(channel: string, epoch: unknown, off: unknown): boolean {
    if (typeof epoch !== "string" || !Number.isSafeInteger(off)) return false;
    this.#positions.set(channel, { epoch, off: off as number });
    return true;
  }

  #open(channel: string, reason: GapReason): void {
    const waits = this.#context.gap(channel, reason).filter((result) => result instanceof Promise);
    if (waits.length === 0) return;
    const hold = this.#holds.get(channel) ?? { gaps: 0, frames: [], bytes: 0 };
    this.#holds.set(channel, hold);
    hold.gaps++;
    void Promise.all(waits.map((wait) => wait.catch(this.#context.report))).then(() => {
      if (--hold.gaps === 0) this.#release(channel, hold);
    });
  }

  #release(channel: string, hold: Hold): void {
    if (this.#holds.get(channel) !== hold) return;
    this.#holds.delete(channel);
    for (const frame of hold.frames) this.#deliver(frame);
  }

  #deliver(frame: Frame): void {
    const { $: { ch = "", off } = {}, ...message } = frame;
    const before = this.#positions.get(ch);
    const isRetained = Number.isSafeInteger(off);
    if (isRetained && before && Number(off) <= before.off) return;
    if (frame.type !== "skip") {
      const room = ch.startsWith("room:") ? ch.slice(5) : undefined;
      this.#context.deliver(message, { room, replayed: Number(off) <= (this.#heads.get(ch) ?? -1) });
    }
    // A listener may have left the room.
    if (isRetained && before && this.#positions.get(ch) === before) this.#move(ch, before.epoch, off);
  }
}
