import type { ChannelState, JoinResult, Position, PublicUser } from "@halyard/protocol";
import { decodeFrame } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { DeliveryEvent } from "./delivery-event.ts";

const roomChannel = (room: unknown): string => `room:${String(room)}`;

/** Reads one client's frames, and writes down what they say about delivery. */
export class FrameLog {
  readonly #client: string;
  readonly #write: (event: DeliveryEvent) => void;
  /** The channels that the client reads, and their epochs. */
  readonly #epochs = new Map<string, string>();
  /** Joins and leaves that wait for their answer. */
  readonly #asked = new Map<string, Frame>();
  /** By channel, each user's public fields, where the client knows everybody: a list with more pages is no list. */
  readonly #listed = new Map<string, Map<string, string>>();

  constructor(client: string, write: (event: DeliveryEvent) => void) {
    this.#client = client;
    this.#write = write;
  }

  /** The client writes a frame. */
  sent(text: string): void {
    const frame = decodeFrame(text);
    if (typeof frame === "string") return;
    const { type, $: { id } = {} } = frame;
    if (type === "hello") this.#asked.clear();
    if ((type === "join" || type === "leave") && id !== undefined) this.#asked.set(id, frame);
  }

  /** A frame has come to the client. */
  received(text: string): void {
    const frame = decodeFrame(text);
    if (typeof frame === "string") return;
    switch (frame.type) {
      case "welcome":
        return this.#welcomed(frame["channels"] as Readonly<Record<string, ChannelState>>);
      case "reply":
        return this.#answered(frame);
      case "joined":
        return this.#positioned(roomChannel(frame["room"]), frame as unknown as Position);
      case "left":
        return this.#left(roomChannel(frame["room"]));
      case "gap": {
        const { ch: channel, epoch, off: offset } = frame as unknown as JoinResult;
        this.#epochs.set(channel, epoch);
        return this.#write({ type: "gap", client: this.#client, channel, epoch, offset });
      }
      default:
        this.#moved(frame);
        this.#showed(frame);
    }
  }

  /** The application has left a room. */
  left(room: string): void {
    this.#left(roomChannel(room));
  }

  #welcomed(channels: Readonly<Record<string, ChannelState>>): void {
    for (const channel of [...this.#epochs.keys()])
      if (!Object.hasOwn(channels, channel)) this.#left(channel);
    for (const [channel, state] of Object.entries(channels)) {
      // A resume that worked goes on where the client was; of one that did not, a `gap` tells.
      const isNew = state.recovered === "new" || (state.recovered === true && !this.#epochs.has(channel));
      if (isNew) this.#positioned(channel, state);
    }
  }

  #answered({ $: { re } = {}, result }: Frame): void {
    const asked = this.#asked.get(String(re));
    this.#asked.delete(String(re));
    if (asked?.type === "leave") this.#left(roomChannel(asked["room"]));
    if (asked?.type !== "join") return;
    const { ch, epoch, off } = result as JoinResult;
    this.#positioned(ch, { epoch, off });
  }

  #positioned(channel: string, { epoch, off: offset }: Position): void {
    this.#epochs.set(channel, epoch);
    this.#write({ type: "positioned", client: this.#client, channel, epoch, offset });
  }

  #left(channel: string): void {
    if (!this.#epochs.delete(channel)) return;
    this.#listed.delete(channel);
    this.#write({ type: "left", client: this.#client, channel });
  }

  #moved({ type, id, $: { ch: channel = "", off: offset } = {} }: Frame): void {
    const epoch = this.#epochs.get(channel);
    if (epoch === undefined || offset === undefined) return;
    const at = { client: this.#client, channel, epoch, offset };
    if (type === "skip") this.#write({ type: "skipped", ...at });
    else this.#write({ type: "received", ...at, ...(typeof id === "string" ? { id } : {}) });
  }

  #showed(frame: Frame): void {
    const change = CHANGES[frame.type];
    if (!change) return;
    const channel = frame["room"] === undefined ? "all" : roomChannel(frame["room"]);
    // What is still under way when a room is left shows nothing any more.
    if (!this.#epochs.has(channel)) return;
    if (change === "list") this.#listed.delete(channel);
    if (change === "list" && frame["cursor"] === undefined) this.#listed.set(channel, new Map());
    const known = this.#listed.get(channel);
    if (!known) return;
    const users = change === "left" ? leave(known, frame) : enter(known, frame);
    if (users.length > 0 || change === "list")
      this.#write({ type: "presence", client: this.#client, channel, change, users });
  }
}

/** @returns who has come: not those who are known, and whose fields have changed */
function enter(known: Map<string, string>, frame: Frame): string[] {
  const come: string[] = [];
  for (const user of frame["users"] as PublicUser[]) {
    const fields = JSON.stringify(user);
    if ((known.get(user.userId) ?? fields) === fields) come.push(user.userId);
    known.set(user.userId, fields);
  }
  return come;
}

function leave(known: Map<string, string>, frame: Frame): string[] {
  const gone = frame["userIds"] as string[];
  for (const user of gone) known.delete(user);
  return gone;
}

const CHANGES: Readonly<Record<string, "list" | "joined" | "left" | undefined>> = {
  user_list: "list",
  user_joined: "joined",
  user_left: "left",
};
