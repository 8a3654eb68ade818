// Turns the frames of one client into delivery events.
// Called by the delivery recorder, for each frame that the client sends or receives.
// Guarantee: follows the client's channels, epochs and users, and writes nothing for a channel that the client has left.
import type { ChannelState, JoinResult, Position, PublicUser } from "@halyard/protocol";
import { decodeFrame } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { DeliveryEvent } from "./delivery-event.ts";

type NamedPosition = Position & { readonly ch: string };

/** The channel of a room. Names are in NFC on the wire. */
export const roomChannel = (room: unknown): string => `room:${String(room).normalize()}`;

/** Reads the frames of one client, and writes an event for each that concerns delivery. */
export class FrameLog {
  readonly #client: string;
  readonly #write: (event: DeliveryEvent) => void;
  /** The channels that the client reads, and their epochs. */
  readonly #epochs = new Map<string, string>();
  /** By channel, the newest offset in its epoch that was written. */
  readonly #newest = new Map<string, number>();
  /** By channel, the offsets after `after` and up to `end`, which were written, and which the client asks for again. */
  readonly #askedAgain = new Map<string, { after: number; readonly end: number }>();
  /**
   * What the application has left and the client has not joined again. The client may still be in such a room, for a message
   * that waits, and forgets its position with the connection.
   */
  readonly #abandoned = new Set<string>();
  /** Joins and leaves that wait for their reply. */
  readonly #pendingJoins = new Map<string, Frame>();
  /** By channel, the public fields of each user, where the client has the whole list: a list with more pages is not whole. */
  readonly #knownUsers = new Map<string, Map<string, string>>();

  constructor(client: string, write: (event: DeliveryEvent) => void) {
    this.#client = client;
    this.#write = write;
  }

  /** The client sends a frame. */
  sent(text: string): void {
    const frame = decodeFrame(text);
    if (typeof frame === "string") return;
    const { type, $: { id } = {} } = frame;
    if (type === "hello") this.#resumed((frame["positions"] ?? []) as readonly NamedPosition[]);
    if (type === "join") this.#abandoned.delete(roomChannel(frame["room"]));
    if ((type === "join" || type === "leave") && id !== undefined) this.#pendingJoins.set(id, frame);
  }

  /** The client receives a frame. */
  received(text: string): void {
    const frame = decodeFrame(text);
    if (typeof frame === "string") return;
    switch (frame.type) {
      case "welcome":
        return this.#welcomed(frame["channels"] as Readonly<Record<string, ChannelState>>);
      case "reply":
        return this.#replied(frame);
      case "joined":
        return this.#positioned(roomChannel(frame["room"]), frame as unknown as Position);
      case "left":
        return this.#left(roomChannel(frame["room"]));
      case "gap": {
        const { ch: channel, epoch, off: offset } = frame as unknown as JoinResult;
        this.#moved(channel, { epoch, off: offset });
        return this.#write({ type: "gap", client: this.#client, channel, epoch, offset });
      }
      default:
        this.#advanced(frame);
        this.#presenceChanged(frame);
    }
  }

  /** The application has left a room. */
  left(room: string): void {
    this.#abandoned.add(roomChannel(room));
    this.#left(roomChannel(room));
  }

  /** Of what waited for a gap listener when the connection was lost, the client has taken nothing: it asks for it again. */
  #resumed(positions: readonly NamedPosition[]): void {
    this.#pendingJoins.clear();
    this.#askedAgain.clear();
    for (const channel of this.#abandoned)
      if (!positions.some(({ ch }) => ch === channel)) this.#left(channel);
    for (const { ch, epoch, off } of positions) {
      const end = this.#newest.get(ch) ?? 0;
      if (epoch === this.#epochs.get(ch) && off < end) this.#askedAgain.set(ch, { after: off, end });
    }
  }

  #moved(channel: string, { epoch, off }: Position): void {
    this.#epochs.set(channel, epoch);
    this.#newest.set(channel, off);
    this.#askedAgain.delete(channel);
  }

  #welcomed(channels: Readonly<Record<string, ChannelState>>): void {
    for (const channel of [...this.#epochs.keys()])
      if (!Object.hasOwn(channels, channel)) this.#left(channel);
    for (const [channel, state] of Object.entries(channels)) {
      // A successful resume goes on at the client's position; after a failed one a `gap` follows.
      const isNew = state.recovered === "new" || (state.recovered === true && !this.#epochs.has(channel));
      if (isNew) this.#positioned(channel, state);
    }
  }

  #replied({ $: { re } = {}, result }: Frame): void {
    const request = this.#pendingJoins.get(String(re));
    this.#pendingJoins.delete(String(re));
    if (request?.type === "leave") this.#left(roomChannel(request["room"]));
    if (request?.type !== "join") return;
    const { ch, epoch, off } = result as JoinResult;
    this.#positioned(ch, { epoch, off });
  }

  #positioned(channel: string, { epoch, off: offset }: Position): void {
    this.#moved(channel, { epoch, off: offset });
    this.#write({ type: "positioned", client: this.#client, channel, epoch, offset });
  }

  #left(channel: string): void {
    if (!this.#epochs.delete(channel)) return;
    this.#knownUsers.delete(channel);
    this.#write({ type: "left", client: this.#client, channel });
  }

  #advanced({ type, id, $: { ch: channel = "", off: offset } = {} }: Frame): void {
    const epoch = this.#epochs.get(channel);
    if (epoch === undefined || offset === undefined) return;
    const again = this.#askedAgain.get(channel);
    if (again !== undefined && offset > again.after && offset <= again.end) {
      again.after = offset;
      return;
    }
    this.#newest.set(channel, Math.max(offset, this.#newest.get(channel) ?? 0));
    const at = { client: this.#client, channel, epoch, offset };
    if (type === "skip") this.#write({ type: "skipped", ...at });
    else this.#write({ type: "received", ...at, ...(typeof id === "string" ? { id } : {}) });
  }

  #presenceChanged(frame: Frame): void {
    const change = CHANGES[frame.type];
    if (!change) return;
    const channel = frame["room"] === undefined ? "all" : roomChannel(frame["room"]);
    // A frame that was on its way when the room was left counts no more.
    if (!this.#epochs.has(channel)) return;
    if (change === "list") this.#knownUsers.delete(channel);
    if (change === "list" && frame["cursor"] === undefined) this.#knownUsers.set(channel, new Map());
    const known = this.#knownUsers.get(channel);
    if (!known) return;
    const users = change === "left" ? removeUsers(known, frame) : addUsers(known, frame);
    if (users.length > 0 || change === "list")
      this.#write({ type: "presence", client: this.#client, channel, change, users });
  }
}

/** @returns the users who joined: not those who were known and whose fields have changed */
function addUsers(known: Map<string, string>, frame: Frame): string[] {
  const joined: string[] = [];
  for (const user of frame["users"] as PublicUser[]) {
    const fields = JSON.stringify(user);
    if ((known.get(user.userId) ?? fields) === fields) joined.push(user.userId);
    known.set(user.userId, fields);
  }
  return joined;
}

function removeUsers(known: Map<string, string>, frame: Frame): string[] {
  const left = frame["userIds"] as string[];
  for (const user of left) known.delete(user);
  return left;
}

const CHANGES: Readonly<Record<string, "list" | "joined" | "left" | undefined>> = {
  user_list: "list",
  user_joined: "joined",
  user_left: "left",
};
