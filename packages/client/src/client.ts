// The object that createWebSocketClient returns, without the types of a protocol: creates the parts and connects them.
// Called by the application, which sees the members of the WebSocketClient interface, and by the connection, which sees ConnectionCallbacks:
// with each welcome, frame, change of state and lost connection.
import type { GapMessage, GapReason, Position, PublicUser, WelcomeMessage } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import { systemClock } from "./common/clock.ts";
import { Emitter } from "./common/emitter.ts";
import type { Unsubscribe } from "./common/emitter.ts";
import { errorReporter } from "./common/error-reporter.ts";
import { Timer } from "./common/timer.ts";
import type { QueueState, Sending } from "./common/receipt.ts";
import { readError } from "./common/send-error.ts";
import { checkOptions } from "./connection/connect-url.ts";
import type { ConnectionState } from "./connection/connection-state.ts";
import { Connection } from "./connection/connection.ts";
import type { ConnectionCallbacks } from "./connection/connection.ts";
import { firstWarning } from "./connection/first-warning.ts";
import { loadFirst } from "./connection/load-first.ts";
import { CONNECT_TIMEOUT_MS } from "./connection/reconnector.ts";
import { Channels, hasLost } from "./messaging/channels.ts";
import type { ClientEvents } from "./messaging/client-events.ts";
import { MessageScope } from "./messaging/message-scope.ts";
import type { MessageScopeParts } from "./messaging/message-scope.ts";
import { MessageSender } from "./messaging/message-sender.ts";
import { Outbox } from "./messaging/outbox.ts";
import { PresenceLists } from "./messaging/presence-list.ts";
import { readOutcome } from "./messaging/read-outcome.ts";
import { renewSession } from "./messaging/renew-session.ts";
import { PendingRequests } from "./messaging/requests.ts";
import type { Reply, RequestOptions } from "./messaging/requests.ts";
import { ServerRequests } from "./messaging/server-requests.ts";
import type { WebSocketClientOptions } from "./options.ts";
import { RoomHandle } from "./rooms/room-handle.ts";
import { Rooms } from "./rooms/rooms.ts";

export class Client extends MessageScope implements ConnectionCallbacks {
  readonly scopeParts: MessageScopeParts;
  readonly #options: WebSocketClientOptions;
  readonly #connection: Connection;
  readonly #channels: Channels;
  readonly #outbox: Outbox;
  readonly #serverRequests: ServerRequests;
  readonly #rooms: Rooms;
  readonly stores = {
    state: this.storeOf(() => this.state),
    user: this.storeOf(() => this.user),
    users: this.storeOf(() => this.users),
    queue: this.storeOf(() => this.#outbox.queue),
  };
  /** Whether the URL needs a page and there is none, as during server rendering: then the client connects only when it is used. */
  #opensWhenUsed: boolean;
  /** While a user signs in, the numbers of the last message and request of the earlier user: later ones belong to the next. */
  #lastOfUser: readonly [message: number, request: number] | undefined;
  /** Limits the running renewal of the session, whose ticket may belong to another user: nothing is written until it ends. */
  #renewal: Timer | undefined;
  readonly #warn = firstWarning();

  constructor(options: WebSocketClientOptions) {
    super();
    const { autoConnect = true, clock = systemClock, onError, share, outbox: { storage } = {} } = options;
    const reportError = errorReporter(clock, onError);
    // Without `onError`, only what the application's listeners throw is reported.
    const settings = { ...options, onError: onError && reportError };
    const needsPage = checkOptions(options);
    if (share) {
      const load = async () =>
        (await import("./sharing/shared-socket.ts")).shareSockets({ clock, options, settings });
      loadFirst(settings, load, reportError);
    }
    if (storage) {
      const createClient = (earlier: WebSocketClientOptions) => new Client({ ...earlier, share: false });
      const parts = () => ({ clock, options, ownClient: this, reportError, createClient });
      const load = async () => (await import("./storage/keep-outbox.ts")).keepOutbox(parts());
      loadFirst(settings, load, reportError);
    }
    const emitter = new Emitter<ClientEvents>(reportError);
    const connection = new Connection(clock, settings, this);
    const channels = new Channels(emitter);
    const userLists = new PresenceLists(emitter);
    const isHeld = (channel?: string) => !!this.#renewal || rooms.isJoining(channel);
    const parts = { clock, connection, emitter, isHeld, reportError, onFlush: () => rooms.leaveIdle() };
    const outbox = new Outbox(parts, options.outbox);
    const requests = new PendingRequests(parts, options.requestTimeoutMs);
    const rooms: Rooms = new Rooms({
      ...parts,
      ...{ channels, outbox, userLists, requests },
      onChange: () => {
        emitter.emit("room");
        this.flush();
      },
    });
    const sender = new MessageSender({ ...parts, outbox }, options.typingThrottleMs);
    this.scopeParts = { emitter, userLists, requests, sender };
    this.#options = options;
    this.#connection = connection;
    this.#channels = channels;
    this.#outbox = outbox;
    this.#serverRequests = new ServerRequests(connection, reportError);
    this.#rooms = rooms;
    this.#opensWhenUsed = autoConnect;
    if (!needsPage) this.#openWhenUsed();
  }

  get user(): PublicUser | undefined {
    return this.#connection.user;
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  override send(type: string, fields?: object): Sending<unknown> | undefined {
    this.#openWhenUsed();
    return super.send(type, fields);
  }

  override request(name: string, input?: unknown, options?: RequestOptions): Promise<unknown> {
    this.#openWhenUsed();
    return super.request(name, input, options);
  }

  onRequest(name: string, handler: (input: unknown) => unknown): Unsubscribe {
    return this.#serverRequests.register(name, handler);
  }

  join(room: string): RoomHandle {
    this.#openWhenUsed();
    return new RoomHandle(room, this.#rooms, this.scopeParts);
  }

  onStateChange(listener: (state: ConnectionState) => unknown): Unsubscribe {
    return this.listen("state", listener);
  }

  onGap(listener: (channel: string, reason: GapReason) => unknown): Unsubscribe {
    return this.listen("gap", listener);
  }

  onQueue(listener: (queue: QueueState) => unknown): Unsubscribe {
    return this.listen("queue", listener);
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
    const { clock = systemClock, connectTimeoutMs = CONNECT_TIMEOUT_MS, ticket } = this.#options;
    const connection = this.#connection;
    this.#beginSignIn();
    if (!ticket || !connection.isOpen || this.#renewal) return this.reconnect();
    const renewal = (this.#renewal = new Timer(clock));
    renewal.set(connectTimeoutMs, () => connection.reconnect());
    const isRunning = () => this.#renewal === renewal;
    void renewSession(this.scopeParts.requests, ticket, isRunning).then((isRenewed) => {
      if (!isRunning()) return;
      if (!isRenewed) return connection.reconnect();
      renewal.clear();
      this.#renewal = this.#lastOfUser = undefined;
      this.flush();
    });
  }

  reconnect(): void {
    const { status } = this.state;
    this.#opensWhenUsed = false;
    if (status === "closed" || status === "authRequired") this.#beginSignIn();
    this.#connection.reconnect();
  }

  /** @returns the numbers of the last message and request before: later ones belong to the user who signs in */
  #beginSignIn(): readonly [message: number, request: number] {
    this.#rooms.onSignIn();
    return (this.#lastOfUser = [this.#outbox.lastSeq, this.scopeParts.requests.lastId]);
  }

  /** The parts whose state `outbox.storage` keeps. */
  get kept(): readonly [Connection, Outbox, lastOfUser: number | undefined] {
    return [this.#connection, this.#outbox, this.#lastOfUser?.[0]];
  }

  #openWhenUsed(): void {
    if (this.#opensWhenUsed) this.reconnect();
  }

  onWelcome({ ephemeral, channels, forgotten }: WelcomeMessage): void {
    this.#lastOfUser = undefined;
    this.scopeParts.sender.onWelcome(ephemeral);
    if (forgotten) {
      this.#outbox.forget();
      this.scopeParts.requests.forget();
    } else if (forgotten === undefined && hasLost(channels)) this.#outbox.markUnconfirmed();
    this.#channels.resume(channels);
    this.#rooms.onWelcome(channels);
  }

  onTransition(state: ConnectionState): void {
    const renewal = this.#renewal;
    renewal?.clear();
    this.#renewal = undefined;
    // The ticket was another user's: the next connection has one of its own.
    if (renewal && state.status === "authRequired") return this.#connection.reconnect();
    this.#warn(state);
    // Runs before the listeners, because a listener may start the client again at once.
    if (state.status === "closed") this.#end();
    this.scopeParts.emitter.emit("state", state);
    // Runs after the listeners, so that the application knows of the open connection when waiting messages are sent.
    this.flush();
  }

  resumption(): object {
    return { positions: this.#channels.positions, rooms: this.#rooms.ofHello };
  }

  /** Writes waiting frames, as far as the server's limits allow. */
  flush(): void {
    this.scopeParts.requests.flush();
    this.#outbox.flush();
  }

  onUserChange(): void {
    // What a listener sends, which is called below, is the next user's.
    const last = this.#lastOfUser ?? this.#beginSignIn();
    // Yet another user may sign in before the next connection.
    this.#lastOfUser = undefined;
    this.#rooms.onUserChange();
    this.#settleAll(new HalyardError("unauthenticated"), last);
    // The ids of messages that still wait belong to the current client id, so it is only replaced if none waits.
    if (this.#outbox.restart(last[0])) this.#connection.clientId = undefined;
  }

  onDisconnected(): void {
    this.scopeParts.sender.onDisconnected();
    this.#channels.onDisconnected();
    this.#rooms.onDisconnected();
    this.#outbox.onDisconnected();
    this.scopeParts.requests.onDisconnected();
  }

  onFrame(frame: Frame, size: number): void {
    const { type, $: { re } = {} } = frame;
    const { room, reason } = frame as { room?: string; reason?: string };
    const channel = room === undefined ? "all" : `room:${room}`;
    switch (type) {
      case "request":
        return void this.#serverRequests.reply(frame);
      case "reply":
        return this.#onReply(re, { result: frame["result"] });
      case "error":
        if (re !== undefined) this.#onReply(re, { error: readError(frame) }, frame["mayHaveRun"]);
        break;
      case "left":
        return this.#rooms.membershipChanged(String(room), readError({ code: reason }));
      case "joined":
        this.#channels.join(channel, frame as unknown as Position);
        return this.#rooms.membershipChanged(String(room));
      case "pong":
      case "reconnect":
      case "welcome":
        return;
      case "gap":
        return this.#channels.gap(frame as unknown as GapMessage);
      case "user_list":
      case "user_joined":
      case "user_left":
        this.scopeParts.userLists.update(channel, frame);
    }
    this.#channels.receive(frame, size);
  }

  #onReply(re: number | string | undefined, reply: Reply, mayHaveRun?: unknown): void {
    const { requests } = this.scopeParts;
    if (typeof re === "number") this.#outbox.onReply(re, readOutcome(reply, mayHaveRun));
    else requests.settle(String(re), mayHaveRun ? { error: new HalyardError("unavailable") } : reply);
  }

  /** Settles everything that waits, because no connection follows until the application starts one. */
  #end(): void {
    this.#connection.isEnded = true;
    this.#settleAll(new HalyardError("unavailable"));
  }

  #settleAll(
    error: HalyardError,
    [message, request]: readonly [message?: number, request?: number] = [],
  ): void {
    this.#outbox.settleAll(error, message);
    this.scopeParts.requests.settleAll(error, request);
  }
}
