import type { ChannelState } from "@halyard/protocol";
import { LIMITS, ROOM_NAME } from "@halyard/protocol/wire";
import { Alarm } from "./clock.js";
import type { Clock } from "./clock.js";
import { Pace } from "./pace.js";
import { sendError } from "./send-error.js";
import type { SendError } from "./send-error.js";
import type { Answer } from "./requests.js";
import type { RoomState } from "./web-socket-client.js";

/** How long to wait before asking again for a room, when the server does not say. */
const RETRY_MS = 1_000;
/** What the server allows. Rooms of a `hello` do not count. */
const JOINS_PER_SECOND = 10;
const JOINS_AT_ONCE = 30;

/** One room, shared by all of its handles. */
export interface RoomEntry {
  readonly name: string;
  readonly channel: string;
  readonly alarm: Alarm;
  handles: number;
  state: RoomState;
  /** Whether it was asked for, or will be without anybody's doing. */
  isAsked: boolean;
}

export interface RoomsContext {
  readonly clock: Clock;
  readonly ask: (type: "join" | "leave", room: string, done: (answer: Answer) => void) => void;
  readonly onChange: (entry: RoomEntry) => void;
  /** The server took the client in, and said where the channel stands. */
  readonly onJoined: (channel: string, result: unknown) => void;
  /** The client is not in the room any more. */
  readonly onLeft: (channel: string) => void;
}

export const channelOf = (room: string): string => `room:${room}`;

/** The rooms that the application wants to be in. They are asked for again with each connection. */
export class Rooms {
  readonly #context: RoomsContext;
  readonly #entries = new Map<string, RoomEntry>();
  /** There is one while there is a connection. */
  #pace: Pace | undefined;

  constructor(context: RoomsContext) {
    this.#context = context;
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  get channels(): Set<string> {
    return new Set(Array.from(this.#entries.keys(), channelOf));
  }

  isJoining(channel: string): boolean {
    return this.#entries.get(channel.slice(5))?.state.status === "joining";
  }

  /** Counts one more handle of the room, and asks for it with the first. */
  enter(name: string): RoomEntry {
    const known = this.#entries.get(name);
    if (known) {
      known.handles++;
      return known;
    }
    const error = this.#refusal(name);
    const state: RoomState = error ? { status: "left", error } : { status: "joining" };
    const alarm = new Alarm(this.#context.clock);
    const entry = { name, channel: channelOf(name), alarm, handles: 1, state, isAsked: false };
    if (error) return entry;
    this.#entries.set(name, entry);
    this.#ask(entry);
    return entry;
  }

  /** Takes one handle back, and leaves with the last. */
  exit(entry: RoomEntry): void {
    if (--entry.handles > 0 || this.#entries.get(entry.name) !== entry) return;
    if (this.#pace) this.#context.ask("leave", entry.name, () => {});
    this.#end(entry, undefined);
  }

  /** A welcome names the channels that this connection is in; a room that is not among them is asked for. */
  open(channels: Readonly<Record<string, ChannelState>>): void {
    this.#pace ??= new Pace(JOINS_PER_SECOND, JOINS_AT_ONCE, this.#context.clock.now());
    for (const entry of this.#entries.values()) {
      const channel = Object.hasOwn(channels, entry.channel) ? channels[entry.channel] : undefined;
      if (!channel) this.#ask(entry);
      // A room that is forbidden is named, too; `left` says so then.
      else if (channel.recovered !== "forbidden") this.joined(entry.name);
    }
  }

  joined(name: string): void {
    const entry = this.#entries.get(name);
    if (entry) this.#set(entry, { status: "joined" });
  }

  lost(): void {
    this.#pace = undefined;
    for (const entry of this.#entries.values()) this.#set(entry, { status: "joining" });
  }

  /** The server took this client out of a room. */
  leave(name: string, error: SendError): void {
    const entry = this.#entries.get(name);
    if (entry) this.#end(entry, error);
    else this.#context.onLeft(channelOf(name));
  }

  #refusal(name: string): SendError | undefined {
    if (!ROOM_NAME.test(name)) return sendError("invalid_message");
    return this.#entries.size >= LIMITS.rooms ? sendError("limit_exceeded") : undefined;
  }

  #ask(entry: RoomEntry): void {
    if (!this.#pace || entry.isAsked) return;
    const pauseMs = this.#pace.take(1, this.#context.clock.now());
    if (pauseMs > 0) return this.#askLater(entry, pauseMs);
    entry.isAsked = true;
    this.#context.ask("join", entry.name, (answer) => {
      entry.isAsked = false;
      if (this.#entries.get(entry.name) !== entry || !this.#pace) return;
      if ("result" in answer) {
        this.#context.onJoined(entry.channel, answer.result);
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

  #end(entry: RoomEntry, error: SendError | undefined): void {
    entry.alarm.clear();
    this.#entries.delete(entry.name);
    this.#context.onLeft(entry.channel);
    this.#set(entry, { status: "left", error });
  }

  #set(entry: RoomEntry, state: RoomState): void {
    if (entry.state.status === state.status) return;
    entry.state = state;
    this.#context.onChange(entry);
  }
}
