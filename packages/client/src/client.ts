import type {
  GapMessage,
  GapReason,
  Position,
  PublicUser,
  SendResult,
  WelcomeMessage,
} from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import { Channels } from "./messaging/channels.ts";
import type { ClientEvents } from "./messaging/client-events.ts";
import type { ConnectionState } from "./connection/connection-state.ts";
import { Connection, HELLO } from "./connection/connection.ts";
import { Emitter } from "./common/emitter.ts";
import type { Unsubscribe } from "./common/emitter.ts";
import type { WebSocketClientOptions } from "./options.ts";
import { Outbox } from "./messaging/outbox.ts";
import type { OutboxHost } from "./messaging/outbox.ts";
import { DEFAULT_LIMITS, outgoing } from "./messaging/encode-outgoing.ts";
import { foldUsers } from "./messaging/presence-list.ts";
import type { QueueState, Sending } from "./messaging/receipt.ts";
import { reporter } from "./common/error-reporter.ts";
import { Requests } from "./messaging/requests.ts";
import type { Answer, RequestsHost } from "./messaging/requests.ts";
import { RoomHandle } from "./rooms/room-handle.ts";
import { Rooms } from "./rooms/rooms.ts";
import type { RoomEntry, RoomsHost } from "./rooms/rooms.ts";
import type { ScopeHost } from "./messaging/message-scope.ts";
import { readError } from "./messaging/send-error.ts";
import { TypingThrottle } from "./messaging/typing-throttle.ts";
import type { RequestOptions } from "./web-socket-client.ts";

const TYPING = "typing_indicator";
const TYPING_MS = 3_000;
const NOBODY: readonly PublicUser[] = [];

/**
 * The public face, without the types of a protocol: holds the parts behind it together, and says who gets what the
 * server sends.
 */
export class Client extends Connection implements ScopeHost, OutboxHost, RequestsHost, RoomsHost {
  readonly host = this;
  readonly emitter: Emitter<ClientEvents>;
  readonly channels: Channels;
  readonly outbox: Outbox;
  readonly requests: Requests;
  readonly rooms: Rooms;
  readonly #report: (error: unknown) => void;
  readonly #typing: TypingThrottle;
  readonly #users = new Map<string, readonly PublicUser[]>();
  /** What answers the server, by name. */
  readonly #handlers = new Map<unknown, (input: unknown) => unknown>();
  #ephemeral: readonly string[] = [TYPING];
  limits = DEFAULT_LIMITS;

  constructor(options: WebSocketClientOptions) {
    super(options);
    const { typingThrottleMs = TYPING_MS, autoConnect = true, onError, outbox } = options;
    this.#report = reporter(this.clock, onError);
    this.emitter = new Emitter(this.#report);
    this.channels = new Channels(this.emitter);
    this.outbox = new Outbox(this, outbox);
    this.requests = new Requests(this);
    this.rooms = new Rooms(this);
    this.#typing = new TypingThrottle(typingThrottleMs);
    if (autoConnect) this.reconnect();
  }

  join(room: string): RoomHandle {
    return new RoomHandle(this, room);
  }

  onStateChange(listener: (state: ConnectionState) => unknown): Unsubscribe {
    return this.hear("state", listener);
  }

  onGap(listener: (channel: string, reason: GapReason) => unknown): Unsubscribe {
    return this.hear("gap", listener);
  }

  onQueue(listener: (queue: QueueState) => unknown): Unsubscribe {
    return this.hear("queue", listener);
  }

  onRequest(name: string, handler: (input: unknown) => unknown): Unsubscribe {
    this.#handlers.set(name, handler);
    return () => {
      if (this.#handlers.get(name) === handler) this.#handlers.delete(name);
    };
  }

  usersOf(channel = "all"): readonly PublicUser[] {
    return this.#users.get(channel) ?? NOBODY;
  }

  override reconnect(): void {
    this.outbox.isClosed = false;
    super.reconnect();
  }

  override close(): void {
    this.#settle();
    super.close();
  }

  authenticate(): void {
    const { ticket } = this.options;
    if (ticket && this.isWelcomed) void this.#renew(ticket);
    else this.reconnect();
  }

  dispatch(type: string, fields: object | undefined, channel: string | undefined): Sending | undefined {
    if (type === "chat_message") this.#typing.ended(channel);
    if (!this.#ephemeral.includes(type)) return this.outbox.send(type, fields, channel);
    if (!this.isWelcomed) return undefined;
    const { isTyping } = Object(fields) as { isTyping?: unknown };
    if (type === TYPING && !this.#typing.isDue(channel, isTyping === true, this.clock.now()))
      return undefined;
    const { text, error } = outgoing({ ...fields, type }, { ch: channel }, this.limits);
    if (error) this.#report(error);
    else this.write(text);
    return undefined;
  }

  request(name: string, input?: unknown, { timeoutMs, signal }: RequestOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.outbox.isClosed) throw new HalyardError("unavailable");
      const done = (answer: Answer) => {
        signal?.removeEventListener("abort", abort);
        if ("result" in answer) resolve(answer.result);
        else reject(signal?.aborted ? (signal.reason as Error) : answer.error);
      };
      const abort = () => this.requests.answer(id, { error: new HalyardError("timeout") });
      const id = this.requests.ask({ type: "request", name, input }, done, { timeoutMs, isLasting: true });
      signal?.addEventListener("abort", abort);
    });
  }

  roomChanged(entry: RoomEntry): void {
    this.emitter.emit("room", entry);
    this.outbox.flush();
  }

  left(channel: string): void {
    this.channels.drop(channel);
    this.#setUsers(channel, NOBODY);
    this.#users.delete(channel);
  }

  complained(error: unknown): void {
    if (this.options.onError) this.#report(error);
  }

  opened(attempt: number): void {
    const { clientId, channels, rooms } = this;
    const { contract } = this.options;
    const { positions } = channels;
    const hello = { type: "hello", clientId, attempt, contract, positions, rooms: rooms.names };
    this.write(JSON.stringify({ ...hello, $: { id: HELLO } }));
  }

  override lost(): void {
    super.lost();
    this.#typing.clear();
    this.channels.lost();
    this.rooms.lost();
    this.outbox.lost();
    this.requests.lost();
  }

  protected welcomed({ limits, ephemeral, channels }: WelcomeMessage): void {
    this.#ephemeral = [TYPING, ...ephemeral];
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    if (Object.values(channels).some(({ recovered }) => recovered === "lost")) this.outbox.doubt();
    this.channels.resume(channels, this.rooms.names);
    this.rooms.open(channels);
  }

  protected stateChanged(state: ConnectionState): void {
    // First, because whoever hears of it may start again at once.
    if (state.status === "closed") this.#settle();
    this.emitter.emit("state", state);
    // What waits goes out once everybody knows that it can.
    if (!this.isWelcomed) return;
    this.requests.open();
    this.outbox.open(this.#ephemeral);
  }

  protected userChanged(): void {
    const error = new HalyardError("unauthenticated");
    this.outbox.settle(error);
    this.outbox.restart();
    this.requests.settle(error);
    this.channels.clear();
  }

  protected take(frame: Frame, size: number): void {
    const { type, $: { re } = {} } = frame;
    const { room, reason } = frame as { room?: string; reason?: string };
    const channel = room === undefined ? "all" : `room:${room}`;
    switch (type) {
      case "request":
        return void this.#reply(frame);
      case "reply":
        return this.#answered(re, { result: frame["result"] });
      case "error":
        if (re !== undefined) return this.#answered(re, { error: readError(frame) });
        break;
      case "left":
        return this.rooms.moved(String(room), readError({ code: reason }));
      case "joined":
        this.channels.join(channel, frame as unknown as Position);
        return this.rooms.moved(String(room));
      case "gap":
        return this.channels.gap(frame as unknown as GapMessage);
      case "user_list":
      case "user_joined":
      case "user_left":
        this.#setUsers(channel, foldUsers(this.usersOf(channel), frame));
    }
    this.channels.receive(frame, size);
  }

  /** Answers the server, which is told of a HalyardError only. */
  async #reply({ name, input, $: { id = "" } = {} }: Frame): Promise<void> {
    const write = (message: object) => {
      const { text, error } = outgoing(message, { re: id }, this.limits);
      if (error) throw error;
      // Before its welcome, a new connection would be ended by what the old one was asked.
      if (this.isWelcomed) this.write(text);
    };
    try {
      const handler = this.#handlers.get(name);
      if (!handler) throw new HalyardError("not_found");
      write({ type: "reply", result: await handler(input) });
    } catch (error) {
      const told = error instanceof HalyardError ? error : new HalyardError("internal");
      if (told !== error) this.#report(error);
      const { code, message, retryable } = told;
      write({ type: "error", code, message: message.slice(0, 200), retryable });
    }
  }

  #answered(re: number | string | undefined, answer: Answer): void {
    if (typeof re !== "number") return this.requests.answer(String(re), answer);
    if ("error" in answer) return this.outbox.answer(re, { status: "rejected", error: answer.error });
    const { ch, off } = Object(answer.result) as SendResult;
    this.outbox.answer(re, { status: "delivered", channel: ch, offset: off });
  }

  #setUsers(channel: string, users: readonly PublicUser[]): void {
    if (users === this.usersOf(channel)) return;
    this.#users.set(channel, users);
    this.emitter.emit("users", channel, users);
  }

  /** Nothing is coming any more, until somebody starts again. */
  #settle(): void {
    const error = new HalyardError("unavailable");
    this.outbox.isClosed = true;
    this.outbox.settle(error);
    this.requests.settle(error);
  }

  async #renew(ticket: () => Promise<string>): Promise<void> {
    const again = () => {
      if (this.isWelcomed) this.reconnect();
    };
    try {
      this.requests.ask({ type: "authenticate", ticket: await ticket() }, (answer) => {
        if ("error" in answer) again();
      });
    } catch {
      again();
    }
  }
}
