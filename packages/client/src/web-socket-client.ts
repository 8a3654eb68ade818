import type {
  AnyProtocol,
  BuiltinProtocol,
  ClientMessages,
  GapReason,
  InputOf,
  PublicUser,
  ServerMessage,
  ServerMessages,
} from "@halyard/protocol";
import type { ConnectionState } from "./connection/connection-state.ts";
import type { Unsubscribe } from "./common/emitter.ts";
import type { QueueState, Sending } from "./messaging/receipt.ts";
import type { SendError } from "./messaging/send-error.ts";

/** How a message came. */
export interface Delivery {
  /** The room that it came through; undefined for what goes to everyone, or to this user. */
  readonly room: string | undefined;
  /** Whether it is one that was missed while the connection was away. */
  readonly replayed: boolean;
}

export type RoomState =
  /** Asked for, or lost with the connection and to be had back with it. */
  | { readonly status: "joining" }
  | { readonly status: "joined" }
  /** By `leave()`, or, with an error, because the server said so. */
  | { readonly status: "left"; readonly error: SendError | undefined };

export interface RequestOptions {
  /** How long to wait for the reply, also while there is no connection. @default `requestTimeoutMs` of the client */
  readonly timeoutMs?: number | undefined;
  /** Aborting rejects with the signal's reason. The server is not told. */
  readonly signal?: AbortSignal | undefined;
}

export type Arguments<TFields> = {} extends TFields ? [fields?: TFields] : [fields: TFields];
export type RequestArguments<TInput> = undefined extends TInput
  ? [input?: TInput, options?: RequestOptions]
  : [input: TInput, options?: RequestOptions];
/** Ephemeral messages are sent and forgotten; of all others one hears what became of them. */
export type SentAs<TMessage> = TMessage extends { readonly ephemeral: true } ? void : Sending;

/** A room that this client wants to be in: a wish, which outlives connections until `leave()`. */
export interface Room<TProtocol extends AnyProtocol = BuiltinProtocol> {
  readonly name: string;
  /** Who is in the room. The same array until it changes. */
  readonly users: readonly PublicUser[];
  readonly state: RoomState;
  /** Resolves as soon as it is clear whether the server lets this client in. Never rejects. */
  readonly ready: PromiseLike<RoomState>;
  /** As the client's `on`, for this room only, until `leave()`. */
  on<TType extends keyof ServerMessages<TProtocol> & string>(
    type: TType,
    listener: (message: ServerMessage<TProtocol, TType>, delivery: Delivery) => unknown,
  ): Unsubscribe;
  /** As the client's `send`, to this room. */
  send<TType extends keyof ClientMessages<TProtocol> & string>(
    type: TType,
    ...fields: Arguments<InputOf<ClientMessages<TProtocol>[TType]>>
  ): SentAs<ClientMessages<TProtocol>[TType]>;
  onStateChange(listener: (state: RoomState) => unknown): Unsubscribe;
  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe;
  /** As the client's `onGap`, for this room only. */
  onGap(listener: (reason: GapReason) => unknown): Unsubscribe;
  /** Gives this handle back. The client leaves the room with its last handle. */
  leave(): void;
}

export interface WebSocketClient<TProtocol extends AnyProtocol = BuiltinProtocol> {
  /** The user that the server knows this connection by; undefined before the first welcome. */
  readonly user: PublicUser | undefined;
  /** Who is online, as far as the server lists them. The same array until it changes. */
  readonly users: readonly PublicUser[];
  readonly state: ConnectionState;
  /**
   * Listens to messages of one type. What a listener throws goes to `onError`; the others still hear.
   *
   * @example
   * client.on("chat_message", (message) => show(message.from.name, message.content));
   */
  on<TType extends keyof ServerMessages<TProtocol> & string>(
    type: TType,
    listener: (message: ServerMessage<TProtocol, TType>, delivery: Delivery) => unknown,
  ): Unsubscribe;
  /**
   * Sends a message, now or when there is a connection again. Messages arrive in the order in which they were sent, and
   * take effect once. An ephemeral message is dropped when there is no connection.
   *
   * @example
   * const receipt = await client.send("chat_message", { content: "hello" });
   */
  send<TType extends keyof ClientMessages<TProtocol> & string>(
    type: TType,
    ...fields: Arguments<InputOf<ClientMessages<TProtocol>[TType]>>
  ): SentAs<ClientMessages<TProtocol>[TType]>;
  /**
   * Asks the server. Settles always: with the reply, or rejects with a `HalyardError` (also `timeout`, and
   * `unavailable` when the client is closed) or with the reason of the `signal`.
   */
  request<TName extends keyof TProtocol["requests"] & string>(
    name: TName,
    ...input: RequestArguments<TProtocol["requests"][TName]["input"]["_zod"]["input"]>
  ): Promise<TProtocol["requests"][TName]["output"]["_zod"]["output"]>;
  /**
   * Answers what the server asks this client. A later handler takes the place of an earlier one. A `HalyardError` that
   * it throws is told to the server; anything else goes to `onError`, and the server hears `internal`.
   *
   * @example
   * client.onRequest("confirm", async ({ question }) => ({ answer: await ask(question) }));
   */
  onRequest<TName extends keyof TProtocol["serverRequests"] & string>(
    name: TName,
    handler: (
      input: TProtocol["serverRequests"][TName]["input"]["_zod"]["output"],
    ) =>
      | TProtocol["serverRequests"][TName]["output"]["_zod"]["input"]
      | Promise<TProtocol["serverRequests"][TName]["output"]["_zod"]["input"]>,
  ): Unsubscribe;
  /** Wishes to be in a room, until the returned handle's `leave()`. */
  join(room: string): Room<TProtocol>;
  onStateChange(listener: (state: ConnectionState) => unknown): Unsubscribe;
  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe;
  /**
   * Messages of a channel (`all`, `user:<id>`, `room:<name>`) could not be had back: load the state from elsewhere. While
   * a promise that the listener returned is pending, further messages of the channel wait, up to 1,000 or 1 MiB.
   */
  onGap(listener: (channel: string, reason: GapReason) => unknown): Unsubscribe;
  onQueue(listener: (queue: QueueState) => unknown): Unsubscribe;
  /** Starts, after `close()` or with `autoConnect: false`. */
  connect(): void;
  /** Ends for good: the user is offline at once. What was not sent is rejected; what has no answer yet is unknown. */
  close(): void;
  /** To be called after signing in: starts over, or renews the session of the open connection. */
  authenticate(): void;
  /** Replaces the connection by a new one, now. */
  reconnect(): void;
}
