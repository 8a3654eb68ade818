import type { GapMessage, Position, PublicUser, SendResult, WelcomeMessage } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import { Channels } from "./channels.js";
import type { ClientEvents } from "./client-events.js";
import { systemClock } from "./clock.js";
import type { Clock } from "./clock.js";
import type { ConnectionState } from "./connection-state.js";
import { Connection } from "./connection.js";
import type { ConnectionHost } from "./connection.js";
import { Emitter } from "./emitter.js";
import type { WebSocketClientOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import type { OutboxHost } from "./outbox.js";
import { DEFAULT_LIMITS, outgoing } from "./outgoing.js";
import { foldUsers } from "./presence.js";
import type { Sending } from "./receipt.js";
import { reporter } from "./report.js";
import { Requests } from "./requests.js";
import type { Answer, RequestsHost } from "./requests.js";
import { Rooms } from "./rooms.js";
import type { RoomEntry, RoomsHost } from "./rooms.js";
import { readError, sendError } from "./send-error.js";
import type { SendError } from "./send-error.js";
import { TypingThrottle } from "./typing.js";
import type { RequestOptions } from "./web-socket-client.js";

const REQUEST_TIMEOUT_MS = 10_000;
const TYPING_MS = 3_000;
const NOBODY: readonly PublicUser[] = [];

/** Everything behind the public face: holds the parts together, and says who gets what the server sends. */
export class Session implements ConnectionHost, OutboxHost, RequestsHost, RoomsHost {
  readonly options: WebSocketClientOptions;
  readonly clock: Clock;
  readonly emitter: Emitter<ClientEvents>;
  readonly connection: Connection;
  readonly rooms: Rooms;
  readonly #report: (error: unknown) => void;
  readonly #channels: Channels;
  readonly #outbox: Outbox;
  readonly #requests: Requests;
  readonly #typing: TypingThrottle;
  readonly #users = new Map<string, readonly PublicUser[]>();
  /** What answers the server, by name. */
  readonly handlers = new Map<unknown, (input: unknown) => unknown>();
  #ephemeral: ReadonlySet<string> = new Set(["typing_indicator"]);
  limits = DEFAULT_LIMITS;

  constructor(options: WebSocketClientOptions) {
    const {
      clock = systemClock,
      typingThrottleMs = TYPING_MS,
      autoConnect = true,
      onError,
      outbox,
    } = options;
    this.options = options;
    this.clock = clock;
    this.#report = reporter(clock, onError);
    this.emitter = new Emitter(this.#report);
    this.rooms = new Rooms(this);
    this.#channels = new Channels(this.emitter);
    this.#outbox = new Outbox(this, outbox);
    this.#requests = new Requests(this);
    this.#typing = new TypingThrottle(typingThrottleMs);
    this.connection = new Connection(this);
    if (autoConnect) this.start();
  }

  get clientId(): string {
    return this.connection.clientId;
  }

  usersOf(channel: string): readonly PublicUser[] {
    return this.#users.get(channel) ?? NOBODY;
  }

  /** Connects now, in place of whatever there is. */
  start(): void {
    this.#outbox.isClosed = false;
    this.connection.start();
  }

  close(): void {
    this.#settle();
    this.connection.close();
  }

  authenticate(): void {
    const { ticket } = this.options;
    if (ticket && this.connection.isWelcomed) void this.#renew(ticket);
    else this.start();
  }

  send(type: string, fields: object | undefined, channel: string | undefined): Sending | undefined {
    if (type === "chat_message") this.#typing.ended(channel);
    if (!this.#ephemeral.has(type)) return this.#outbox.send(type, fields, channel);
    if (!this.connection.isWelcomed) return undefined;
    const { isTyping } = Object(fields) as { isTyping?: unknown };
    if (type === "typing_indicator" && !this.#typing.isDue(channel, isTyping === true, this.clock.now()))
      return undefined;
    const { text, error } = outgoing(
      { ...fields, type },
      channel === undefined ? {} : { ch: channel },
      this.limits,
    );
    if (error) this.#report(toError(error));
    else this.write(text);
    return undefined;
  }

  request(name: string, input: unknown, { timeoutMs, signal }: RequestOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#outbox.isClosed) throw toError(sendError("unavailable"));
      const abort = () => this.#requests.answer(id, { error: sendError("timeout") });
      const id = this.#requests.ask({
        message: { type: "request", name, input },
        timeoutMs: timeoutMs ?? this.#timeoutMs,
        isLasting: true,
        done: (answer) => {
          signal?.removeEventListener("abort", abort);
          if ("result" in answer) resolve(answer.result);
          else reject(signal?.aborted ? (signal.reason as Error) : toError(answer.error));
        },
      });
      signal?.addEventListener("abort", abort);
    });
  }

  leave(entry: RoomEntry): void {
    // Nobody should see somebody type who is gone.
    if (entry.handles === 1) this.send("typing_indicator", { isTyping: false }, entry.channel);
    this.rooms.exit(entry);
  }

  write(text: string): void {
    this.connection.write(text);
  }

  mustWait(channel = ""): boolean {
    return this.rooms.isJoining(channel.slice(5));
  }

  ask(message: object, done: (answer: Answer) => void): void {
    this.#requests.ask({ message, timeoutMs: this.#timeoutMs, isLasting: false, done });
  }

  roomChanged(entry: RoomEntry): void {
    this.emitter.emit("room", entry);
    this.#outbox.flush();
  }

  joined(channel: string, position: Position): void {
    this.#channels.join(channel, position);
  }

  left(channel: string): void {
    this.#channels.drop(channel);
    this.#setUsers(channel, NOBODY);
    this.#users.delete(channel);
  }

  hello() {
    return { positions: this.#channels.positions, rooms: this.rooms.names };
  }

  welcomed({ limits, ephemeral, channels }: WelcomeMessage): void {
    this.#ephemeral = new Set(["typing_indicator", ...ephemeral]);
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    if (Object.values(channels).some(({ recovered }) => recovered === "lost")) this.#outbox.doubt();
    this.#channels.resume(channels, this.rooms.names);
    this.rooms.open(channels);
  }

  stateChanged(state: ConnectionState): void {
    // First, because whoever hears of it may start again at once.
    if (state.status === "closed") this.#settle();
    this.emitter.emit("state", state);
    // What waits goes out once everybody knows that it can.
    if (!this.connection.isWelcomed) return;
    this.#requests.open();
    this.#outbox.open(this.#ephemeral);
  }

  userChanged(): void {
    const error = sendError("unauthenticated");
    this.#outbox.settle(error);
    this.#outbox.restart();
    this.#requests.settle(error);
    this.#channels.clear();
  }

  lost(): void {
    this.#typing.clear();
    this.#channels.lost();
    this.rooms.lost();
    this.#outbox.lost();
    this.#requests.lost();
  }

  complained(error: unknown): void {
    if (this.options.onError) this.#report(error);
  }

  received(frame: Frame, size: number): void {
    const { type, $: { re } = {} } = frame;
    const { room, reason } = frame as { room?: string; reason?: string };
    switch (type) {
      case "request":
        return void this.#reply(frame);
      case "reply":
        return this.#answered(re, { result: frame["result"] });
      case "error":
        if (re !== undefined) return this.#answered(re, { error: readError(frame) });
        break;
      case "left":
        return this.rooms.moved(String(room), sendError(reason));
      case "joined":
        this.#channels.join(`room:${room}`, frame as unknown as Position);
        return this.rooms.moved(String(room));
      case "gap":
        return this.#channels.gap(frame as unknown as GapMessage);
      case "user_list":
      case "user_joined":
      case "user_left": {
        const channel = room === undefined ? "all" : `room:${room}`;
        this.#setUsers(channel, foldUsers(this.usersOf(channel), frame));
      }
    }
    this.#channels.receive(frame, size);
  }

  /** Answers the server, which is told of a HalyardError only. */
  async #reply({ name, input, $: { id = "" } = {} }: Frame): Promise<void> {
    const write = (message: object) => {
      const { text, error } = outgoing(message, { re: id }, this.limits);
      if (error) throw toError(error);
      // Before its welcome, a new connection would be ended by what the old one was asked.
      if (this.connection.isWelcomed) this.write(text);
    };
    try {
      const handler = this.handlers.get(name);
      if (!handler) throw new HalyardError("not_found");
      write({ type: "reply", result: await handler(input) });
    } catch (error) {
      const told = error instanceof HalyardError ? error : new HalyardError("internal");
      if (told !== error) this.#report(error);
      const { code, message, retryable } = told;
      write({ type: "error", code, message: message.slice(0, 200), retryable });
    }
  }

  get #timeoutMs(): number {
    return this.options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  }

  #answered(re: number | string | undefined, answer: Answer): void {
    if (typeof re !== "number") return this.#requests.answer(String(re), answer);
    if ("error" in answer) return this.#outbox.answer(re, { status: "rejected", error: answer.error });
    const { ch, off } = Object(answer.result) as SendResult;
    this.#outbox.answer(re, { status: "delivered", channel: ch, offset: off });
  }

  #setUsers(channel: string, users: readonly PublicUser[]): void {
    if (users === this.usersOf(channel)) return;
    this.#users.set(channel, users);
    this.emitter.emit("users", channel, users);
  }

  /** Nothing is coming any more, until somebody starts again. */
  #settle(): void {
    const error = sendError("unavailable");
    this.#outbox.isClosed = true;
    this.#outbox.settle(error);
    this.#requests.settle(error);
  }

  async #renew(ticket: () => Promise<string>): Promise<void> {
    const again = () => {
      if (this.connection.isWelcomed) this.start();
    };
    try {
      this.ask({ type: "authenticate", ticket: await ticket() }, (answer) => {
        if ("error" in answer) again();
      });
    } catch {
      again();
    }
  }
}

function toError(error: SendError): HalyardError {
  return new HalyardError(error.code, error.message, error);
}
