import type { Position, WelcomeMessage } from "@halyard/protocol";
import { HalyardError, ROOM_NAME } from "@halyard/protocol/wire";
import type { LIMITS } from "@halyard/protocol/wire";
import type { Channels } from "../messaging/channels.ts";
import { Alarm } from "../common/clock.ts";
import type { Clock } from "../common/clock.ts";
import { Pace } from "../common/token-bucket.ts";
import type { Requests } from "../messaging/requests.ts";
import type { RoomState } from "../web-socket-client.ts";

/** How long to wait before asking again for a room, when the server does not say. */
const RETRY_MS = 1_000;
/** What the server allows. Rooms of a `hello` do not count. */
const JOINS_PER_SECOND = 10;
const JOINS_AT_ONCE = 30;

// Written out, typed by the protocol's table: the table itself would be in every bundle.
const ROOMS: (typeof LIMITS)["rooms"] = 100;

/** One room, shared by all of its handles. */
export interface RoomEntry {
  readonly name: string;
  readonly channel: string;
  readonly alarm: Alarm;
  handles: number;
  state: RoomState;
  /** Whether it was asked for, or will be without anybody's doing. */
  isAsked?: boolean;
}

export interface RoomsHost {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly channels: Channels;
  roomChanged(entry: RoomEntry): void;
  /** The client is not in the room any more. */
  left(channel: string): void;
}

/** The rooms that the application wants to be in. They are asked for again with each connection. */
export class Rooms {
  readonly #host: RoomsHost;
  readonly #entries = new Map<string, RoomEntry>();
  /** There is one while there is a connection. */
  #pace: Pace | undefined;

  constructor(host: RoomsHost) {
    this.#host = host;
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  isJoining(channel = ""): boolean {
    return this.#entries.get(channel.slice(5))?.state.status === "joining";
  }

  /** Counts one more handle of the room, and asks for it with the first. */
  enter(name: string): RoomEntry {
    const known = this.#entries.get(name);
    if (known) {
      known.handles++;
      return known;
    }
    const alarm = new Alarm(this.#host.clock);
    const state: RoomState = { status: "joining" };
    const entry: RoomEntry = { name, channel: `room:${name}`, alarm, handles: 1, state };
    if (!ROOM_NAME.test(name)) this.#end(entry, new HalyardError("invalid_message"));
    else if (this.#entries.size >= ROOMS) this.#end(entry, new HalyardError("limit_exceeded"));
    else {
      this.#entries.set(name, entry);
      this.#ask(entry);
    }
    return entry;
  }

  /** Takes one handle back, and leaves with the last. */
  exit(entry: RoomEntry): void {
    if (--entry.handles > 0 || this.#entries.get(entry.name) !== entry) return;
    if (this.#pace) this.#host.requests.ask({ type: "leave", room: entry.name }, () => {});
    this.#end(entry);
  }

  /** A welcome names the channels that this connection is in; a room that is not among them is asked for. */
  open(channels: WelcomeMessage["channels"]): void {
    this.#pace ??= new Pace(JOINS_PER_SECOND, JOINS_AT_ONCE, this.#host.clock.now());
    for (const entry of this.#entries.values()) {
      const recovered = channels[entry.channel]?.recovered;
      if (recovered === undefined) this.#ask(entry);
      // A room that is forbidden is named, too; `left` says so then.
      else if (recovered !== "forbidden") this.#set(entry, { status: "joined" });
    }
  }

  lost(): void {
    this.#pace = undefined;
    for (const entry of this.#entries.values()) this.#set(entry, { status: "joining" });
  }

  /** The server took this client into a room, or out of it. */
  moved(name: string, error?: HalyardError): void {
    const entry = this.#entries.get(name);
    if (entry) {
      if (error) this.#end(entry, error);
      else this.#set(entry, { status: "joined" });
    }
  }

  #ask(entry: RoomEntry): void {
    if (!this.#pace || entry.isAsked) return;
    entry.isAsked = true;
    const pauseMs = this.#pace.take(1, this.#host.clock.now());
    if (pauseMs > 0) return this.#askLater(entry, pauseMs);
    this.#host.requests.ask({ type: "join", room: entry.name }, (answer) => {
      entry.isAsked = false;
      if (this.#entries.get(entry.name) !== entry || !this.#pace) return;
      if ("result" in answer) {
        this.#host.channels.join(entry.channel, answer.result as Position);
        this.#set(entry, { status: "joined" });
      } else if (answer.error.retryable) this.#askLater(entry, answer.error.retryAfterMs ?? RETRY_MS);
      else this.#end(entry, answer.error);
    });
  }

  #askLater(entry: RoomEntry, waitMs: number): void {
    entry.isAsked = true;
    entry.alarm.set(waitMs, () => {
      entry.isAsked = false;
      if (entry.state.status === "joining") this.#ask(entry);
    });
  }

  #end(entry: RoomEntry, error?: HalyardError): void {
    entry.alarm.clear();
    this.#entries.delete(entry.name);
    this.#host.left(entry.channel);
    this.#set(entry, { status: "left", error });
  }

  #set(entry: RoomEntry, state: RoomState): void {
    if (entry.state.status === state.status) return;
    entry.state = state;
    this.#host.roomChanged(entry);
  }
}
