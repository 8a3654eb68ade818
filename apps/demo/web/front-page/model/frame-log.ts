// The frames on the sockets of a pane, and the figures that follow from them: positions, round trips, attempts.
import type { Store } from "./store.ts";
import { createStore } from "./store.ts";

export type FrameDirection = "sent" | "received";

export interface LoggedFrame {
  readonly id: number;
  readonly direction: FrameDirection;
  readonly type: string;
  readonly text: string;
  /** The number of frames of this kind in a row, which are one entry, because those of cursors would replace all others. */
  readonly count: number;
}

/** The position of the client in a channel. */
interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface ConnectionFigures {
  /** The number of sockets, also of those that could not open. */
  readonly attempts: number;
  /** The round trip of the newest answer, in ms. */
  readonly roundTripMs: number | undefined;
  /** The positions by channel. */
  readonly positions: Readonly<Record<string, Position>>;
}

const KEPT_FRAMES = 40;
const SHOWN_LENGTH = 240;
/** The frames that carry presence states, and the answers to them. */
const PRESENCE_TYPES = new Set(["presence_update", "user_joined", "reply"]);

/** The fields of a frame that the log reads. */
interface WireFrame {
  readonly type?: string;
  readonly ch?: string;
  readonly epoch?: string;
  readonly off?: number;
  readonly result?: { readonly epoch?: string; readonly off?: number; readonly ch?: string };
  readonly channels?: Readonly<
    Record<string, { readonly epoch?: string; readonly off?: number; readonly recovered?: unknown }>
  >;
  readonly $?: {
    readonly seq?: number;
    readonly id?: string;
    readonly re?: number | string;
    readonly ch?: string;
    readonly off?: number;
  };
}

/** Records the frames of a pane. */
export class FrameLog {
  readonly frames: Store<readonly LoggedFrame[]> = createStore<readonly LoggedFrame[]>([]);
  readonly figures: Store<ConnectionFigures> = createStore<ConnectionFigures>({
    attempts: 0,
    roundTripMs: undefined,
    positions: {},
  });
  readonly #now: () => number;
  readonly #sentAt = new Map<number | string, number>();
  #lastId = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  onAttempt(): void {
    this.#sentAt.clear();
    this.#update({ attempts: this.figures.get().attempts + 1 });
  }

  onFrame(direction: FrameDirection, text: string): void {
    const frame = parse(text);
    const shown: LoggedFrame = {
      id: ++this.#lastId,
      direction,
      type: frame.type ?? "?",
      text: text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text,
      count: 1,
    };
    this.frames.set(withFrame(this.frames.get(), shown).slice(-KEPT_FRAMES));
    if (direction === "sent") this.#readSent(frame);
    else this.#readReceived(frame);
  }

  #readSent({ $ }: WireFrame): void {
    const key = $?.seq ?? $?.id;
    if (key !== undefined) this.#sentAt.set(key, this.#now());
  }

  #readReceived(frame: WireFrame): void {
    const { re, ch, off } = frame.$ ?? {};
    const sentAt = re === undefined ? undefined : this.#sentAt.get(re);
    if (re !== undefined && sentAt !== undefined) {
      this.#sentAt.delete(re);
      this.#update({ roundTripMs: this.#now() - sentAt });
    }
    if (frame.type === "welcome") this.#readWelcome(frame);
    else if (frame.type === "gap") this.#readGap(frame);
    else if (ch !== undefined && off !== undefined) this.#move(ch, { offset: off });
  }

  /** The positions of a welcome. A recovered channel keeps its position, which the replay advances. */
  #readWelcome({ channels = {} }: WireFrame): void {
    for (const [channel, { epoch, off, recovered }] of Object.entries(channels)) {
      const isKnown = this.figures.get().positions[channel] !== undefined;
      if (epoch !== undefined && off !== undefined && (recovered === "new" || !isKnown))
        this.#move(channel, { epoch, offset: off });
    }
  }

  #readGap({ ch, epoch, off, $ }: WireFrame): void {
    const channel = ch ?? $?.ch;
    const offset = off ?? $?.off;
    if (channel !== undefined && epoch !== undefined && offset !== undefined)
      this.#move(channel, { epoch, offset });
  }

  #move(channel: string, position: Partial<Position>): void {
    const { positions } = this.figures.get();
    const known = positions[channel] ?? { epoch: "", offset: 0 };
    this.#update({ positions: { ...positions, [channel]: { ...known, ...position } } });
  }

  #update(change: Partial<ConnectionFigures>): void {
    this.figures.set({ ...this.figures.get(), ...change });
  }
}

/** The list with another frame. In a row of presence frames, the newest of a kind replaces the one before it. */
function withFrame(frames: readonly LoggedFrame[], frame: LoggedFrame): readonly LoggedFrame[] {
  const rowStart = frames.findLastIndex(({ type }) => !PRESENCE_TYPES.has(type)) + 1;
  const isSameKind = ({ type, direction }: LoggedFrame) =>
    type === frame.type && direction === frame.direction && PRESENCE_TYPES.has(type);
  const place = frames.findIndex((other, index) => index >= rowStart && isSameKind(other));
  const replaced = frames[place];
  if (replaced === undefined) return [...frames, frame];
  return frames.with(place, { ...frame, id: replaced.id, count: replaced.count + 1 });
}

function parse(text: string): WireFrame {
  try {
    return JSON.parse(text) as WireFrame;
  } catch {
    return {};
  }
}
