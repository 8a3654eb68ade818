// The public interface of a client and of a room, with the types of the application's protocol.
// Implemented by Client and RoomHandle, which do not know the protocol.
// Every member can be used in every state of the connection, destructured, and through a Proxy.
import type {
  AnyProtocol,
  BuiltinProtocol,
  ClientMessages,
  GapReason,
  InputOf,
  MessageDefinition,
  PresenceStateOf,
  PublicUser,
  RoomRule,
  RoomUser,
  ServerMessage,
  ServerMessages,
} from "@halyard/protocol";
import type { Unsubscribe } from "./common/emitter.ts";
import type { ConnectionState } from "./connection/connection-state.ts";
import type { Delivery } from "./messaging/client-events.ts";
import type { Store, SubscribeOptions } from "./messaging/message-scope.ts";
import type { QueueState, Sending } from "./common/receipt.ts";
import type { RequestOptions } from "./messaging/requests.ts";
import type { SendError, SendErrorOf } from "./common/send-error.ts";
import type { RoomState } from "./rooms/room-state.ts";

/** The arguments of `send` after the type: the fields, which may be omitted if none is required. */
export type Arguments<TFields> = {} extends TFields ? [fields?: TFields] : [fields: TFields];

/**
 * The arguments of `request` after the name: the input, which may be omitted if it may be undefined, and options.
 */
export type RequestArguments<TInput> = undefined extends TInput
  ? [input?: TInput, options?: RequestOptions]
  : [input: TInput, options?: RequestOptions];

/** What `send` returns: nothing for an ephemeral message, and the pending receipt for any other. */
export type SentAs<TMessage extends MessageDefinition, TError = SendError> = TMessage extends {
  readonly ephemeral: true;
}
  ? void
  : Sending<TMessage["result"]["_zod"]["output"], TError>;

/** Checks the name in the client's own `send` and `request`: for a type that needs a room, the compiler prints a sentence that says so. */
export type Outside<
  TRoom extends RoomRule,
  TName extends string,
  TMethod extends string,
> = TRoom extends "required"
  ? { readonly needsRoom: `${TName} needs a room: client.join(room).${TMethod}("${TName}", …)` }
  : unknown;

/** What a client and a room have in common. A room receives only its own messages, until `leave()`. */
export interface Subscribable<TProtocol extends AnyProtocol> {
  /**
   * Listens to messages of one type. An error that a listener throws goes to `onError`; the other listeners are called.
   *
   * @example
   * client.on("chat_message", (message) => show(message.from.name, message.content));
   */
  on<TType extends keyof ServerMessages<TProtocol> & string>(
    this: void,
    type: TType,
    listener: (message: ServerMessage<TProtocol, TType>, delivery: Delivery) => unknown,
    options?: SubscribeOptions,
  ): Unsubscribe;
  /** Like `on`, for the next message only. */
  once<TType extends keyof ServerMessages<TProtocol> & string>(
    this: void,
    type: TType,
    listener: (message: ServerMessage<TProtocol, TType>, delivery: Delivery) => unknown,
    options?: SubscribeOptions,
  ): Unsubscribe;
  /** Like `on`, for every type: `message.type` narrows. Also receives message types of newer servers. */
  onAny<TType extends keyof ServerMessages<TProtocol> & string = keyof ServerMessages<TProtocol> & string>(
    this: void,
    listener: (message: ServerMessage<TProtocol, TType>, delivery: Delivery) => unknown,
    options?: SubscribeOptions,
  ): Unsubscribe;
}

/**
 * A handle of a room. The client stays in the room, also across reconnects, until `leave()` is called on its last handle.
 */
export interface Room<TProtocol extends AnyProtocol = BuiltinProtocol> extends Subscribable<TProtocol> {
  readonly name: string;
  /**
   * The users in the room, with `user.presence` if the contract has presence state. The same array until it changes, with the
   * same object for each unchanged user. Without a connection, the last known users.
   */
  readonly users: readonly RoomUser<PresenceStateOf<TProtocol>>[];
  readonly state: RoomState;
  /**
   * Resolves when the server has joined this client to the room or rejected it, or at `leave()`. Never rejects. It stays pending for as
   * long as there is no connection, also after `close()` and in `authRequired`; `client.state` says why.
   */
  readonly ready: PromiseLike<RoomState>;
  /** `state` and `users` as stores to watch. */
  readonly stores: {
    readonly state: Store<RoomState>;
    readonly users: Store<readonly RoomUser<PresenceStateOf<TProtocol>>[]>;
  };
  /**
   * Changes what the others in the room see as `user.presence`: top-level fields are replaced, and the server validates the whole
   * state. The latest state is sent every 50 ms, and again with each new connection, until the client has left the room.
   * A state that the server refuses is reported to `onError`, and remains set until a later patch replaces it.
   *
   * @example
   * room.updatePresence({ cursor: { x: event.clientX, y: event.clientY } });
   */
  updatePresence(this: void, patch: TProtocol["presence"]["patch"]): void;
  /** Like the client's `send`, to this room. */
  send<TType extends keyof ClientMessages<TProtocol> & string>(
    this: void,
    type: TType,
    ...fields: Arguments<InputOf<ClientMessages<TProtocol>[TType]>>
  ): SentAs<ClientMessages<TProtocol>[TType], SendErrorOf<TProtocol>>;
  /** Like the client's `request`, in this room. It is sent once the client is in the room; the server checks the membership. */
  request<TName extends keyof TProtocol["requests"] & string>(
    this: void,
    name: TName,
    ...input: RequestArguments<TProtocol["requests"][TName]["input"]["_zod"]["input"]>
  ): Promise<TProtocol["requests"][TName]["output"]["_zod"]["output"]>;
  /** Calls the listener with each new state, up to and including that of `leave()`. */
  onStateChange(this: void, listener: (state: RoomState) => unknown): Unsubscribe;
  /** Calls the listener with each new list of users, until `leave()`. */
  onUsersChange(
    this: void,
    listener: (users: readonly RoomUser<PresenceStateOf<TProtocol>>[]) => unknown,
  ): Unsubscribe;
  /** Like the client's `onGap`, for this room only, until `leave()`. */
  onGap(this: void, listener: (reason: GapReason) => unknown): Unsubscribe;
  /** Ends this handle. With its last handle, the client leaves the room, once earlier messages to it are settled. */
  leave(this: void): void;
}

/** A connection of one user that reconnects by itself, with the types of the application's protocol. */
export interface WebSocketClient<
  TProtocol extends AnyProtocol = BuiltinProtocol,
> extends Subscribable<TProtocol> {
  /** The user that the server has identified; undefined before the first welcome. */
  readonly user: PublicUser | undefined;
  /**
   * The users who are online, as far as the server lists them. The same array until it changes; without a connection, the
   * last known users.
   */
  readonly users: readonly PublicUser[];
  readonly state: ConnectionState;
  /** `state`, `user`, `users` and the outbox as stores to watch. */
  readonly stores: {
    readonly state: Store<ConnectionState>;
    readonly user: Store<PublicUser | undefined>;
    readonly users: Store<readonly PublicUser[]>;
    readonly queue: Store<QueueState>;
  };
  /**
   * Sends a message, now or when the connection is open again. Messages arrive in the order in which they were sent
   * and take effect once. An ephemeral message is dropped when the connection is not open.
   *
   * @example
   * const receipt = await client.send("chat_message", { content: "hello" });
   */
  send<TType extends keyof ClientMessages<TProtocol> & string>(
    this: void,
    type: TType & Outside<ClientMessages<TProtocol>[TType]["room"], TType, "send">,
    ...fields: Arguments<InputOf<ClientMessages<TProtocol>[TType]>>
  ): SentAs<ClientMessages<TProtocol>[TType], SendErrorOf<TProtocol>>;
  /**
   * Sends a request to the server. Always settles: resolves to the reply, or rejects with a `HalyardError` (including
   * `timeout`, and `unavailable` when the client is closed) or with the reason of the `signal`. After `timeout` and
   * `unavailable` the request may have run. `isErrorOf` tells
   * the errors of the contract.
   */
  request<TName extends keyof TProtocol["requests"] & string>(
    this: void,
    name: TName & Outside<TProtocol["requests"][TName]["room"], TName, "request">,
    ...input: RequestArguments<TProtocol["requests"][TName]["input"]["_zod"]["input"]>
  ): Promise<TProtocol["requests"][TName]["output"]["_zod"]["output"]>;
  /**
   * Registers the handler for requests of the server. A later handler of the same name replaces an earlier
   * one. A `HalyardError` that the handler throws is sent to the server; any other error goes to `onError`, and the
   * server receives `internal`.
   *
   * @example
   * client.onRequest("confirm", async ({ question }) => ({ answer: await ask(question) }));
   */
  onRequest<TName extends keyof TProtocol["serverRequests"] & string>(
    this: void,
    name: TName,
    handler: (
      input: TProtocol["serverRequests"][TName]["input"]["_zod"]["output"],
    ) =>
      | TProtocol["serverRequests"][TName]["output"]["_zod"]["input"]
      | Promise<TProtocol["serverRequests"][TName]["output"]["_zod"]["input"]>,
  ): Unsubscribe;
  /** Joins a room, and joins it again with each connection, until `leave()` is called on the returned handle. */
  join(this: void, room: string): Room<TProtocol>;
  /** Calls the listener with each new state of the connection. */
  onStateChange(this: void, listener: (state: ConnectionState) => unknown): Unsubscribe;
  /** Calls the listener with each new list of the users who are online. */
  onUsersChange(this: void, listener: (users: readonly PublicUser[]) => unknown): Unsubscribe;
  /**
   * Calls the listener when messages of a channel (`all`, `user:<id>`, `room:<name>`) cannot be replayed, so that the
   * application can load the state from elsewhere. While a promise that the listener returned is pending, further messages
   * of the channel wait, up to 1,000 or 1 MiB.
   */
  onGap(this: void, listener: (channel: string, reason: GapReason) => unknown): Unsubscribe;
  /** Calls the listener with each change of the outbox. */
  onQueue(this: void, listener: (queue: QueueState) => unknown): Unsubscribe;
  /** Connects, after `close()` or with `autoConnect: false`. */
  connect(this: void): void;
  /**
   * Closes the connection for good: the user is offline at once. A message that was never written is rejected; one that
   * was written and has no reply is unknown.
   */
  close(this: void): void;
  /**
   * Call this after a sign-in: connects again, or, with a `ticket`, renews the session of the open connection. Messages that
   * are sent from then on belong to the user who signs in, and wait for the server's answer.
   */
  authenticate(this: void): void;
  /** Replaces the connection with a new one now. */
  reconnect(this: void): void;
}
