// What the shared connection has read: the position of each channel, its latest frames, and the list of its users.
// Filled by the frames of the server, in order; read for each tab that comes, which resumes from it.
// A tab gets each message after its own position, or is told that it cannot.
import type { PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { SendLimits } from "../connection/send-limits.ts";

/** How far a tab may be behind another and still resume together with it, in offsets. */
const MAX_BEHIND = 500;
/** The latest frames of all channels, for a tab that comes a moment after the others. */
const MAX_FRAMES = 256;
const MAX_CHARS = 2 ** 20;

export interface Position {
  readonly ch: string;
  readonly epoch: string;
  readonly off: number;
}

/** The fields of a tab's hello. */
export interface TabHello {
  readonly attempt: number;
  readonly contract?: string | undefined;
  readonly positions: readonly Position[];
  readonly rooms: readonly string[];
}

interface ChannelState {
  readonly epoch: string;
  readonly off: number;
  readonly head?: number | undefined;
  readonly recovered: true | string;
}

/** What a leader reads of the welcome of the server. */
export interface ServerWelcome {
  readonly user: { readonly userId: string };
  readonly sharing?: boolean;
  readonly forgotten?: boolean;
  readonly limits: SendLimits;
  readonly channels: Readonly<Record<string, ChannelState>>;
}

interface SharedChannel {
  epoch: string;
  off: number;
  head: number;
  /** The frames after this offset are kept. */
  from: number;
  /** What the welcome said where it gave no position. */
  state?: ChannelState | undefined;
}

interface KeptFrame {
  readonly ch: string;
  readonly off: number;
  readonly text: string;
}

export const isRoom = (channel: string): boolean => channel.startsWith("room:");
export const channelOfRoom = (room: string): string => `room:${room.normalize()}`;

/** The channel that a frame of the server is about; undefined for one to the connection. Any field may be the application's. */
export function channelOf({ type, $, ...fields }: Frame): string | undefined {
  const { room, ch } = fields as { room?: string; ch?: string };
  if ($?.ch !== undefined) return $.ch;
  if (type === "gap") return ch;
  const isAboutRoom = /^(joined|left|user_(list|joined|left))$/.test(type) && room !== undefined;
  return isAboutRoom ? channelOfRoom(room) : undefined;
}

/** From which positions the tabs resume together. @returns undefined for a channel in which they are too far apart */
export function mergePositions(hellos: readonly TabHello[]): {
  readonly positions: Position[];
  /** The hellos that would make the others read too much, or are of another history. */
  readonly behind: ReadonlySet<TabHello | undefined>;
} {
  const merged = new Map<string, Position>();
  const behind = new Set<TabHello | undefined>();
  for (const { positions } of hellos)
    for (const position of positions) {
      const known = merged.get(position.ch);
      if (!known || (known.epoch === position.epoch && known.off < position.off))
        merged.set(position.ch, position);
    }
  for (const hello of hellos)
    for (const { ch, epoch, off } of hello.positions) {
      const newest = merged.get(ch);
      if (newest?.epoch !== epoch || newest.off - off > MAX_BEHIND) behind.add(hello);
    }
  const together = hellos.filter((hello) => !behind.has(hello));
  for (const { positions } of together)
    for (const position of positions)
      if (position.off < (merged.get(position.ch)?.off ?? 0)) merged.set(position.ch, position);
  const named = new Set(together.flatMap(({ positions }) => positions.map(({ ch }) => ch)));
  return { positions: [...merged.values()].filter(({ ch }) => named.has(ch)), behind };
}

export class SharedChannels {
  readonly #channels = new Map<string, SharedChannel>();
  readonly #lists = new Map<string, { frame: Frame; users: Map<string, PublicUser> }>();
  #frames: KeptFrame[] = [];

  constructor(channels: ServerWelcome["channels"]) {
    for (const [ch, state] of Object.entries(channels)) {
      const { epoch, off, head = off, recovered } = state;
      const hasPosition = recovered === true || recovered === "new";
      this.#channels.set(ch, { epoch, off, head, from: off, state: hasPosition ? undefined : state });
    }
  }

  get names(): string[] {
    return [...this.#channels.keys()];
  }

  has(ch: string): boolean {
    return this.#channels.has(ch);
  }

  /** A join, a gap or a `joined` has set the position. */
  set(ch: string, { epoch, off }: { readonly epoch: string; readonly off: number }): void {
    this.#channels.set(ch, { epoch, off, head: off, from: off });
    this.#frames = this.#frames.filter((kept) => kept.ch !== ch);
  }

  drop(ch: string): void {
    this.#channels.delete(ch);
    this.#lists.delete(ch);
  }

  /** Notes a frame of the server. */
  receive(frame: Frame, text: string): void {
    const { ch = "", off } = frame.$ ?? {};
    this.#list(ch, frame);
    const channel = this.#channels.get(ch);
    if (!channel || off === undefined) return;
    channel.off = off;
    this.#frames.push({ ch, off, text });
    const charsOf = (frames: readonly KeptFrame[]) =>
      frames.reduce((chars, kept) => chars + kept.text.length, 0);
    while (this.#frames.length > MAX_FRAMES || charsOf(this.#frames) > MAX_CHARS) {
      const oldest = this.#frames.shift();
      if (!oldest) return;
      const trimmed = this.#channels.get(oldest.ch);
      if (trimmed) trimmed.from = Math.max(trimmed.from, oldest.off);
    }
  }

  /**
   * The field `channels` of a tab's welcome.
   *
   * @returns undefined where the tab has missed what is not kept, or a room that the connection is not in
   */
  statesFor(
    { positions, rooms }: TabHello,
    channels: readonly string[],
  ): Record<string, ChannelState> | undefined {
    const states: Record<string, ChannelState> = {};
    for (const ch of [...channels, ...rooms.map(channelOfRoom)]) {
      // Of a channel that the connection does not read, no position fits.
      const {
        epoch = "",
        off = 0,
        from = 0,
        head = 0,
        state,
      } = this.#channels.get(ch) ?? ({} as Partial<SharedChannel>);
      const newest = Math.max(head, off);
      const own = positions.find((position) => position.ch === ch);
      if (state) states[ch] = state.recovered === "pending" ? { ...state, ...own } : state;
      else if (own) {
        if (own.epoch !== epoch || own.off < from || own.off > newest) return undefined;
        states[ch] = { epoch, off: own.off, head: newest, recovered: true };
      } else if (epoch) states[ch] = { epoch, off: newest, recovered: "new" };
    }
    return states;
  }

  /** The kept frames of some channels, and then the lists of their users. */
  framesFor({ positions }: TabHello, channels: readonly string[]): string[] {
    const known = new Map(positions.map(({ ch, off }) => [ch, off]));
    const missed = this.#frames.filter(
      ({ ch, off }) => channels.includes(ch) && off > (known.get(ch) ?? Infinity),
    );
    return [...missed.map(({ text }) => text), ...channels.flatMap((ch) => this.listOf(ch) ?? [])];
  }

  /** The `user_list` of a channel as it is now. */
  listOf(ch: string): string | undefined {
    const list = this.#lists.get(ch);
    return list && JSON.stringify({ ...list.frame, users: [...list.users.values()] });
  }

  #list(ch: string, frame: Frame): void {
    const { type } = frame;
    const { users = [], userIds = [] } = frame as { users?: PublicUser[]; userIds?: string[] };
    if (type === "user_list") this.#lists.set(ch, { frame, users: new Map() });
    const list = this.#lists.get(ch);
    if (!list || !/^user_(list|joined|left)$/.test(type)) return;
    for (const user of users) list.users.set(user.userId, user);
    for (const userId of userIds) list.users.delete(userId);
    list.frame = { ...list.frame, total: frame["total"] };
  }
}
