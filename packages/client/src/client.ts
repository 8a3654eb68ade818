// The object that createWebSocketClient returns, without the types of a protocol: creates the parts and connects them.
// Called by the application; its public members are those of the WebSocketClient interface.
// Its private methods run with each welcome, frame, change of state and lost connection.
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
import { systemClock } from "./common/clock.ts";
import type { Clock } from "./common/clock.ts";
import { Emitter } from "./common/emitter.ts";
import type { Unsubscribe } from "./common/emitter.ts";
import { errorReporter } from "./common/error-reporter.ts";
import { checkOptions, needsPage } from "./connection/connect-url.ts";
import type { ConnectionState } from "./connection/connection-state.ts";
import { Connection } from "./connection/connection.ts";
import { Channels } from "./messaging/channels.ts";
import type { ClientEvents, Delivery } from "./messaging/client-events.ts";
import { MessageScope } from "./messaging/message-scope.ts";
import type { MessageScopeParts } from "./messaging/message-scope.ts";
import { MessageSender } from "./messaging/message-sender.ts";
import { Outbox } from "./messaging/outbox.ts";
import { PresenceLists } from "./messaging/presence-list.ts";
import type { QueueState, Sending } from "./messaging/receipt.ts";
import { PendingRequests } from "./messaging/requests.ts";
import type { Reply, RequestOptions } from "./messaging/requests.ts";
import { readError } from "./messaging/send-error.ts";
import { ServerRequests } from "./messaging/server-requests.ts";
import type { WebSocketClientOptions } from "./options.ts";
import { RoomHandle } from "./rooms/room-handle.ts";
import { Rooms } from "./rooms/rooms.ts";

export class Client {
  readonly #options: WebSocketClientOptions;
  readonly #connection: Connection;
  readonly #emitter: Emitter<ClientEvents>;
  readonly #channels: Channels;
  readonly #presence: PresenceLists;
  readonly #outbox: Outbox;
  readonly #sender: MessageSender;
  readonly #requests: PendingRequests;
  readonly #serverRequests: ServerRequests;
  readonly #rooms: Rooms;
  readonly #scopeParts: MessageScopeParts;
  readonly #scope: MessageScope;
  /** The URL needs a page and there is none, as on a server that renders one: nothing opens before something is sent. */
  #opensWhenUsed: boolean;

  constructor(options: WebSocketClientOptions) {
    const { autoConnect = true, clock = systemClock, onError } = options;
    const reportError = errorReporter(clock, onError);
    checkOptions(options);
    this.#options = options;
    this.#opensWhenUsed = autoConnect && needsPage(options);
    const emitter = (this.#emitter = new Emitter<ClientEvents>(reportError));
    const connection = (this.#connection = this.#createConnection(clock));
    const channels = (this.#channels = new Channels(emitter));
    const presence = (this.#presence = new PresenceLists(emitter));
    const isJoining = (channel: string | undefined) => this.#rooms.isJoining(channel);
    const outbox = (this.#outbox = new Outbox({ clock, connection, emitter, isJoining }, options.outbox));
    const requests = (this.#requests = new PendingRequests(clock, connection, options.requestTimeoutMs));
    this.#serverRequests = new ServerRequests(connection, reportError);
    this.#rooms = new Rooms({
      clock,
      channels,
      requests,
      onChange: () => {
        emitter.emit("room");
        outbox.flush();
      },
      onLeave: (channel) => {
        channels.drop(channel);
        presence.drop(channel);
      },
    });
    const senderParts = { clock, connection, outbox, reportError };
    const sender = (this.#sender = new MessageSender(senderParts, options.typingThrottleMs));
    this.#scopeParts = { emitter, presence, sender };
    this.#scope = new MessageScope(this.#scopeParts);
    if (autoConnect && !this.#opensWhenUsed) this.reconnect();
  }

  get user(): PublicUser | undefined {
    return this.#connection.user;
  }

  get users(): readonly PublicUser[] {
    return this.#scope.users;
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  on(type: string, listener: (message: Frame, delivery: Delivery) => unknown): Unsubscribe {
    return this.#scope.on(type, listener);
  }

  send(type: string, fields?: object): Sending | undefined {
    this.#openWhenUsed();
    return this.#scope.send(type, fields);
  }

  request(name: string, input?: unknown, options?: RequestOptions): Promise<unknown> {
    this.#openWhenUsed();
    return this.#requests.request(name, input, options);
  }

  onRequest(name: string, handler: (input: unknown) => unknown): Unsubscribe {
    return this.#serverRequests.register(name, handler);
  }

  join(room: string): RoomHandle {
    this.#openWhenUsed();
    return new RoomHandle(room, this.#rooms, this.#scopeParts);
  }

  onStateChange(listener: (state: ConnectionState) => unknown): Unsubscribe {
    return this.#scope.subscribe("state", listener);
  }

  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe {
    return this.#scope.onUsersChange(listener);
  }

  onGap(listener: (channel: string, reason: GapReason) => unknown): Unsubscribe {
    return this.#scope.subscribe("gap", listener);
  }

  onQueue(listener: (queue: QueueState) => unknown): Unsubscribe {
    return this.#scope.subscribe("queue", listener);
  }

  connect(): void {
    if (this.state.status === "closed") this.reconnect();
  }

  close(): void {
    this.#opensWhenUsed = false;
    this.#end();
    this.#connection.close();
  }

  authenticate(): void {
    const { ticket } = this.#options;
    if (ticket && this.#connection.isWelcomed) void this.#renewSession(ticket);
    else this.reconnect();
  }

  reconnect(): void {
    this.#opensWhenUsed = false;
    this.#connection.reconnect();
  }

  #openWhenUsed(): void {
    if (this.#opensWhenUsed) this.reconnect();
  }

  #createConnection(clock: Clock): Connection {
    return new Connection(clock, this.#options, {
      resumption: () => ({ positions: this.#channels.positions, rooms: this.#rooms.names }),
      onWelcome: (welcome) => this.#onWelcome(welcome),
      onUserChange: () => this.#onUserChange(),
      onTransition: (state) => this.#onTransition(state),
      onFrame: (frame, size) => this.#onFrame(frame, size),
      onDisconnected: () => this.#onDisconnected(),
    });
  }

  #onWelcome({ ephemeral, channels, forgotten }: WelcomeMessage): void {
    this.#sender.onWelcome(ephemeral);
    if (forgotten) {
      this.#outbox.forget();
      this.#requests.forget();
    } else if (
      forgotten === undefined &&
      Object.values(channels).some(({ recovered }) => recovered === "lost")
    )
      this.#outbox.markUnconfirmed();
    this.#channels.resume(channels, this.#rooms.names);
    this.#rooms.onWelcome(channels);
  }

  #onTransition(state: ConnectionState): void {
    // Before the listeners are called, because a listener may start the client again at once.
    if (state.status === "closed") this.#end();
    this.#emitter.emit("state", state);
    // After them, so that the application knows of the open connection when the first messages go out.
    if (!this.#connection.isWelcomed) return;
    this.#requests.onOpen();
    this.#sender.onOpen();
  }

  #onUserChange(): void {
    const error = new HalyardError("unauthenticated");
    this.#outbox.settleAll(error);
    this.#outbox.restart();
    this.#requests.rejectAll(error);
    this.#channels.clear();
  }

  #onDisconnected(): void {
    this.#sender.onDisconnected();
    this.#channels.onDisconnected();
    this.#rooms.onDisconnected();
    this.#outbox.onDisconnected();
    this.#requests.onDisconnected();
  }

  #onFrame(frame: Frame, size: number): void {
    const { type, $: { re } = {} } = frame;
    const { room, reason } = frame as { room?: string; reason?: string };
    const channel = room === undefined ? "all" : `room:${room}`;
    switch (type) {
      case "request":
        return void this.#serverRequests.reply(frame);
      case "reply":
        return this.#onReply(re, { result: frame["result"] });
      case "error":
        if (re !== undefined) return this.#onReply(re, { error: readError(frame) });
        break;
      case "left":
        return this.#rooms.membershipChanged(String(room), readError({ code: reason }));
      case "joined":
        this.#channels.join(channel, frame as unknown as Position);
        return this.#rooms.membershipChanged(String(room));
      case "gap":
        return this.#channels.gap(frame as unknown as GapMessage);
      case "user_list":
      case "user_joined":
      case "user_left":
        this.#presence.update(channel, frame);
    }
    this.#channels.receive(frame, size);
  }

  /** @param re the sequence number of a message, or the id of a request */
  #onReply(re: number | string | undefined, reply: Reply): void {
    if (typeof re !== "number") return this.#requests.settle(String(re), reply);
    if ("error" in reply) return this.#outbox.onReply(re, { status: "rejected", error: reply.error });
    const { ch, off } = Object(reply.result) as SendResult;
    this.#outbox.onReply(re, { status: "delivered", channel: ch, offset: off });
  }

  /** Settles all messages and requests, because no connection follows until the application starts one. */
  #end(): void {
    const error = new HalyardError("unavailable");
    this.#connection.isEnded = true;
    this.#outbox.settleAll(error);
    this.#requests.rejectAll(error);
  }

  /** Renews the session of the open connection, or replaces the connection when that fails. */
  async #renewSession(ticket: () => Promise<string>): Promise<void> {
    const reconnectIfOpen = () => {
      if (this.#connection.isWelcomed) this.reconnect();
    };
    try {
      this.#requests.sendFrame({ type: "authenticate", ticket: await ticket() }, (reply) => {
        if ("error" in reply) reconnectIfOpen();
      });
    } catch {
      reconnectIfOpen();
    }
  }
}
