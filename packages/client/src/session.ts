import type { GapReason, Position, PublicUser, SendResult, WelcomeMessage } from "@halyard/protocol";
import { encodeFrame, HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import { Channels } from "./channels.js";
import { systemClock } from "./clock.js";
import type { Clock } from "./clock.js";
import type { ConnectionState } from "./connection-state.js";
import { Connection } from "./connection.js";
import { Emitter } from "./emitter.js";
import type { WebSocketClientOptions } from "./options.js";
import { DEFAULT_OUTBOX, Outbox } from "./outbox.js";
import { Presence } from "./presence.js";
import { reporter } from "./report.js";
import { Requests } from "./requests.js";
import type { Answer } from "./requests.js";
import type { QueueState, Sending } from "./receipt.js";
import { channelOf, Rooms } from "./rooms.js";
import type { RoomEntry } from "./rooms.js";
import { knownCode, readError, sendError } from "./send-error.js";
import type { SendError } from "./send-error.js";
import { TypingThrottle } from "./typing.js";
import type { Delivery, RequestOptions } from "./web-socket-client.js";

const REQUEST_TIMEOUT_MS = 10_000;
const TYPING_MS = 3_000;

// A type, because an interface has no index signature.
export type SessionEvents = {
  state: [state: ConnectionState];
  queue: [queue: QueueState];
  gap: [channel: string, reason: GapReason];
  users: [channel: string, users: readonly PublicUser[]];
  room: [entry: RoomEntry];
  message: [message: Frame, delivery: Delivery];
};

/** Everything behind the public face: holds the parts together, and says who gets what the server sends. */
export class Session {
  readonly emitter: Emitter<SessionEvents>;
  readonly presence: Presence;
  readonly rooms: Rooms;
  readonly connection: Connection;
  readonly #options: WebSocketClientOptions;
  readonly #clock: Clock;
  readonly #channels: Channels;
  readonly #outbox: Outbox;
  readonly #requests: Requests;
  readonly #typing: TypingThrottle;
  #limits: WelcomeMessage["limits"] = { ...LIMITS, messagesPerSecond: 50, bytesPerSecond: 256 * 1024 };
  #ephemeral: ReadonlySet<string> = new Set(["typing_indicator"]);

  constructor(options: WebSocketClientOptions) {
    const { clock = systemClock, typingThrottleMs = TYPING_MS } = options;
    const report = reporter(clock, options.onError);
    const emitter = new Emitter<SessionEvents>(report);
    this.#options = options;
    this.#clock = clock;
    this.emitter = emitter;
    this.presence = new Presence((channel, users) => emitter.emit("users", channel, users));
    this.rooms = this.#newRooms();
    this.#channels = new Channels({
      deliver: (message, delivery) => emitter.emit("message", message, delivery),
      gap: (channel, reason) => emitter.emit("gap", channel, reason),
      report,
    });
    this.#outbox = this.#newOutbox();
    this.#requests = new Requests({
      clock,
      limits: () => this.#limits,
      write: (frame) => this.connection.write(frame),
    });
    this.#typing = new TypingThrottle(typingThrottleMs);
    this.connection = this.#newConnection((error) => options.onError && report(error));
    if (options.autoConnect !== false) this.connect();
  }

  connect(): void {
    if (this.connection.state.status === "closed") this.restart();
  }

  /** Connects now, in place of whatever there is. */
  restart(): void {
    this.#outbox.reopen();
    this.connection.start();
  }

  authenticate(): void {
    const { ticket } = this.#options;
    if (ticket && this.connection.isWelcomed) void this.#renew(ticket);
    else this.restart();
  }

  send(type: string, fields: object | undefined, channel: string | undefined): Sending | undefined {
    const json = toJson({ ...fields, type });
    if (type === "chat_message") this.#typing.sent(channel);
    if (!this.#ephemeral.has(type)) return this.#outbox.send(type, json, channel);
    if (!this.connection.isWelcomed) return undefined;
    const isTyping = (fields as { isTyping?: unknown } | undefined)?.isTyping === true;
    if (type === "typing_indicator" && !this.#typing.passes(channel, isTyping, this.#clock.now())) return undefined;
    this.connection.write(channel === undefined ? json : encodeFrame(json, { ch: channel }));
    return undefined;
  }

  request(name: string, input: unknown, { timeoutMs, signal }: RequestOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#outbox.isClosed) throw toError(sendError("unavailable"));
      const takeBack = this.#requests.ask({
        json: JSON.stringify({ type: "request", name, input }),
        timeoutMs: timeoutMs ?? this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
        isLasting: true,
        done: (answer) => {
          signal?.removeEventListener("abort", abort);
          if ("error" in answer) reject(toError(answer.error));
          else resolve(answer.result);
        },
      });
      const abort = () => {
        takeBack();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort);
    });
  }

  leave(entry: RoomEntry): void {
    // Whoever watches should not see somebody type who is gone.
    if (entry.handles === 1) this.send("typing_indicator", { isTyping: false }, entry.channel);
    this.rooms.exit(entry);
  }

  #newRooms(): Rooms {
    return new Rooms({
      clock: this.#clock,
      ask: (type, room, done) => this.#ask({ type, room }, done),
      onChange: (entry) => {
        this.emitter.emit("room", entry);
        this.#outbox.flush();
      },
      onJoined: (channel, result) => this.#channels.join(channel, Object(result) as Partial<Position>),
      onLeft: (channel) => {
        this.#channels.drop(channel);
        this.presence.drop(channel);
      },
    });
  }

  #newOutbox(): Outbox {
    const context = {
      clock: this.#clock,
      clientId: () => this.connection.clientId,
      limits: () => this.#limits,
      write: (frame: string) => this.connection.write(frame),
      mustWait: (channel: string) => this.rooms.isJoining(channel),
      onChange: (queue: QueueState) => this.emitter.emit("queue", queue),
    };
    return new Outbox(context, { ...DEFAULT_OUTBOX, ...this.#options.outbox });
  }

  #newConnection(complain: (error: unknown) => void): Connection {
    return new Connection({
      clock: this.#clock,
      options: this.#options,
      complain,
      hello: () => ({ positions: this.#channels.positions, rooms: this.rooms.names }),
      welcomed: (welcome) => this.#welcomed(welcome),
      userChanged: () => this.#userChanged(),
      received: (frame, size) => this.#received(frame, size),
      stateChanged: (state) => this.#stateChanged(state),
      lost: () => this.#lost(),
      ended: () => {
        this.#outbox.close();
        this.#requests.settle(sendError("unavailable"));
      },
    });
  }

  #ask(message: object, done: (answer: Answer) => void): void {
    const timeoutMs = this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.#requests.ask({ json: JSON.stringify(message), timeoutMs, isLasting: false, done });
  }

  async #renew(ticket: () => Promise<string>): Promise<void> {
    const secret = await ticket().catch(() => undefined);
    const retry = () => {
      if (this.connection.isWelcomed) this.restart();
    };
    if (secret === undefined) return retry();
    this.#ask({ type: "authenticate", ticket: secret }, (answer) => {
      if ("error" in answer) retry();
    });
  }

  #welcomed({ limits, ephemeral, channels }: WelcomeMessage): void {
    const types = new Set([...this.#ephemeral, ...ephemeral]);
    this.#limits = readLimits(limits, this.#limits);
    this.#ephemeral = types;
    this.#channels.resume(channels, this.rooms.channels);
    this.rooms.open(channels);
  }

  /** What waits goes out once everybody knows that it can. */
  #stateChanged(state: ConnectionState): void {
    this.emitter.emit("state", state);
    if (!this.connection.isWelcomed) return;
    this.#requests.open();
    this.#outbox.open(this.#ephemeral);
  }

  #userChanged(): void {
    const error = sendError("unauthenticated");
    this.#outbox.settle(error);
    this.#outbox.restart();
    this.#requests.settle(error);
    this.#channels.clear();
  }

  #lost(): void {
    this.#typing.clear();
    this.#channels.lost();
    this.rooms.lost();
    this.#outbox.lost();
    this.#requests.lost();
  }

  #received(frame: Frame, size: number): void {
    switch (frame.type) {
      case "pong":
      case "reconnect":
        return;
      case "reply":
        return this.#answer(frame, { result: frame["result"] });
      case "error":
        if (frame.$?.re !== undefined) return this.#answer(frame, { error: readError(frame) });
        break;
      case "left":
        return this.rooms.leave(String(frame["room"]), sendError(knownCode(frame["reason"])));
      case "joined":
        this.#channels.join(channelOf(String(frame["room"])), frame as Partial<Position>);
        return this.rooms.joined(String(frame["room"]));
      case "gap":
        return this.#channels.gap(frame);
      case "user_list":
      case "user_joined":
      case "user_left":
        this.presence.fold(frame);
    }
    this.#channels.receive(frame, size);
  }

  #answer({ $: { re } = {} }: Frame, answer: Answer): void {
    if (typeof re === "string") this.#requests.answer(re, answer);
    if (typeof re !== "number") return;
    if ("error" in answer) return this.#outbox.answer(re, { status: "rejected", error: answer.error });
    const { ch, off } = Object(answer.result) as SendResult;
    this.#outbox.answer(re, { status: "delivered", channel: ch, offset: off });
  }
}

/** @returns nothing for what JSON cannot carry */
function toJson(message: object): string {
  try {
    return JSON.stringify(message);
  } catch {
    return "";
  }
}

function toError(error: SendError): HalyardError {
  return new HalyardError(error.code, error.message, error);
}

/** Limits that make no sense are ignored: a server must not be able to silence a client by a zero. */
function readLimits(said: WelcomeMessage["limits"], known: WelcomeMessage["limits"]): WelcomeMessage["limits"] {
  const { messageBytes, unacknowledged, messagesPerSecond, bytesPerSecond } = said;
  const pick = (value: unknown, fallback: number) => (typeof value === "number" && value > 0 ? value : fallback);
  return {
    messageBytes: pick(messageBytes, known.messageBytes),
    unacknowledged: pick(unacknowledged, known.unacknowledged),
    messagesPerSecond: pick(messagesPerSecond, known.messagesPerSecond),
    bytesPerSecond: pick(bytesPerSecond, known.bytesPerSecond),
  };
}
