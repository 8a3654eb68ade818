import type { HalyardError, RoomUser } from "@halyard/protocol";

/**
 * The part of a socket that both runtimes have. `excludeWs` and `wsInstances` refer to the same objects that the runtime
 * passed to `handleOpen`. A raw `send` may overtake frames that are queued for the end of this turn; `manager.send` does
 * not.
 */
export interface WebSocketInstance<TData = unknown> {
  readonly data: TData;
  readonly readyState: number;
  send(data: string): unknown;
  close(code?: number, reason?: string): void;
}

/** What `ws.data` must contain when a connection opens, and what handlers read from it. */
export interface WebSocketData {
  readonly userId: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly image?: string | null | undefined;
}

/** The public fields of a user of this node. */
export interface ConnectedUser {
  readonly userId: string;
  readonly name: string;
  readonly image?: string | undefined;
  readonly connectedAt: Date;
}

/** The users of this node: one entry per user, with any number of connections. */
export type ConnectedUsers = ReadonlyMap<string, ConnectedUser>;
/** The connections of each user of this node. */
export type WebSocketInstances = ReadonlyMap<string, ReadonlySet<WebSocketInstance<WebSocketData>>>;

declare global {
  /** Where `@halyard/server/node` and `@halyard/server/bun` each add the request of their runtime, when they are imported. */
  interface HalyardRawRequests {}
}

/** The request objects of the runtimes in use, by their names: `node` and `bun`. */
export interface RawRequests extends HalyardRawRequests {}

/** The request object of the runtime in use; of several runtimes, one of theirs; without any, unknown. */
export type RawRequest = [keyof RawRequests] extends [never] ? unknown : RawRequests[keyof RawRequests];

/**
 * An upgrade request, the same on every runtime. `url` is the request target as the client sent it; its host is not
 * verified. `remoteAddress` is the client's: that of the peer, or what a proxy in `trustProxy` forwarded.
 */
export interface UpgradeRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly remoteAddress: string | undefined;
  /**
   * The runtime's own request, for what reads it: a session middleware, a client certificate. Node: an `IncomingMessage`
   * (for a plain GET over HTTP/2 its counterpart there, which has the same fields); Bun: a `Request`. `headers` are enough
   * for a cookie or a token.
   */
  readonly raw: RawRequest;
  /**
   * What the client's option `ticket` gave: a ticket of Better Auth, or a token of your own for your own `authenticate`.
   * Letters, digits and `-._~`; an empty text where the request offers several, which is never valid. Never logged.
   */
  readonly ticket: string | undefined;
}

/** The user and the session of a connection. */
export interface Identity {
  readonly user: { readonly id: string };
  readonly session?: unknown;
}

/** The identity of a connection without `authenticate`: the fields of `ws.data`. */
export interface GuestIdentity extends Identity {
  readonly user: {
    readonly id: string;
    readonly name?: string | undefined;
    readonly image?: string | null | undefined;
  };
}

/**
 * Decides who may open a connection. It is an object with a method, because TypeScript infers the identity from a generic
 * call that returns an object, but not from one that returns a function, beside an inline callback.
 */
export interface Authenticator<TIdentity extends Identity = Identity> {
  /**
   * Identifies the user of an upgrade, before the upgrade is answered.
   *
   * @returns the identity, or `null` for HTTP 401
   * @throws HalyardError `forbidden` for 403, `unavailable` for 503, `rate_limited` for 429; any other error is 503
   */
  authenticate(request: UpgradeRequest): Promise<TIdentity | null>;
  /**
   * Whether pages of this origin may connect, beside those that the server's rule allows (`allowedOrigins`), and may read
   * why an upgrade was refused, by a plain GET on the path of the WebSocket.
   *
   * @default no other pages
   */
  trustsOrigin?(origin: string, request: UpgradeRequest): boolean | Promise<boolean>;
  /**
   * Whether `authenticate` itself refuses the origins that it does not trust, as Better Auth's does. The server then leaves
   * that to it.
   *
   * @default false
   */
  readonly checksOrigin?: boolean | undefined;
}

/** The short form of an {@link Authenticator}. */
export type AuthenticateFunction<TIdentity extends Identity = Identity> = (
  request: UpgradeRequest,
) => TIdentity | null | Promise<TIdentity | null>;

/** The connection that a hook or a handler is called for. All hooks of a connection get the same object. */
export interface ConnectionContext<TIdentity extends Identity = GuestIdentity, TData extends object = {}> {
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly user: TIdentity["user"];
  readonly session: TIdentity["session"];
  /** Unique over all nodes; a reconnect gets a new one. Empty where the application called a handler itself. */
  readonly connectionId: string;
  /** The rooms of this connection, when this is read: a set of its own. In `onDisconnect`, those that it had. */
  readonly rooms: ReadonlySet<string>;
  /** What the option `data` made for this connection, to be written to. Ends with the connection: a reconnect starts afresh. */
  readonly data: TData;
}

/** What a handler gets beside its message or input. */
export interface HandlerContext<
  TIdentity extends Identity = GuestIdentity,
  TData extends object = {},
  TRoom extends string | undefined = string | undefined,
> extends ConnectionContext<TIdentity, TData> {
  /** The room that the message was sent to, or the request asked in; the sender is a member. */
  readonly room: TRoom;
  /**
   * The same for every repetition of this message. The idempotency key is the user and this id together: a client computes
   * the id before it knows its user, so two users may send the same one.
   */
  readonly messageId: string;
  /**
   * Aborts at the timeout, and when the connection is closed for good: by a sign-out, a ban, or any other code from 4400 on.
   * Not when it is lost or replaced: the client returns and repeats what is unanswered. A sign-out or a ban that follows then
   * aborts it all the same.
   */
  readonly signal: AbortSignal;
}

/**
 * What `authorize` decides about. An answer counts for the user and the session that it was asked with: when they change
 * before it comes, it is asked again.
 */
export interface AuthorizeRequest<TIdentity extends Identity = GuestIdentity> {
  readonly user: TIdentity["user"];
  readonly session: TIdentity["session"];
  readonly action: "join" | "publish" | "presence" | "history";
  /** The name of a room, or `all`. */
  readonly room: string;
}

/** Where an error of the application's code happened. */
export interface ErrorContext {
  /**
   * What failed: the type of the message, the name of the request, hook or option, or one of `backplane`, `close`, `logger`,
   * `open`, `publish`, `send`, `session watch` and `upgrade`.
   */
  readonly type: string;
  /** The room of the message or the request, if it has one. */
  readonly room?: string | undefined;
  readonly ws: WebSocketInstance<WebSocketData> | undefined;
}

/** Where the built-in messages work: everywhere, only in rooms, or nowhere. */
export interface BuiltIns {
  /** Where `chat_message` works. @default "all" */
  readonly chat?: "all" | "rooms" | false | undefined;
  /** Where `typing_indicator` works. @default "all" */
  readonly typing?: "all" | "rooms" | false | undefined;
  /** Where the list of users and its changes work. @default "all" */
  readonly presence?: "all" | "rooms" | false | undefined;
}

/** The options of `disconnectUser` and `disconnectSession`. */
export interface DisconnectOptions {
  /** The close code: 4401 ends a session; 4403 also ends the rooms that the server gave. Whether the user may return is `authenticate`'s to say. @default 4401 */
  readonly code?: 4401 | 4403 | undefined;
  /** The close reason; cut at 123 bytes of UTF-8. @default "" */
  readonly reason?: string | undefined;
}

/** Which page of which list of users. */
export interface UserPage {
  /** The room whose members are listed. @default all users who are online */
  readonly room?: string | undefined;
  /** The cursor of the page before. @default the first page */
  readonly cursor?: string | undefined;
}

/** One page of a list of users. */
export interface UserList {
  /** With `presence` where users of the room show a state, and the contract has one. */
  readonly users: readonly RoomUser[];
  /** How many users there are on all pages. */
  readonly total: number;
  /** For the next page; undefined on the last. */
  readonly cursor: string | undefined;
}

/** How many users and connections there are. */
export interface ConnectionStats {
  readonly totalUsers: number;
  readonly totalConnections: number;
}

/** The clients and users that do not get a message, on resume either. At most 1,000 of both. */
export interface Except {
  /** The clients of these connections, also after a reconnect. Their users' other connections get the message. @default none */
  readonly ws?: WebSocketInstance | readonly WebSocketInstance[] | undefined;
  /** Users, with all their connections. @default none */
  readonly userIds?: readonly string[] | undefined;
}

/** The options of a publish. */
export interface SendOptions {
  /** The clients and users that are left out. @default none */
  readonly except?: Except | undefined;
  /**
   * A second publish to the same channel with this key is not delivered, and gives the first one's answer: for jobs that are
   * tried again. A backplane knows the key for 5 min, or memory for as long as the message is in the history. Not for ephemeral
   * messages.
   *
   * @default none
   */
  readonly idempotencyKey?: string | undefined;
}

/** The result of a publish. */
export interface Published {
  readonly id: string;
  /** `all`, `user:<id>` or `room:<name>`. */
  readonly channel: string;
  /** The message's offset in its channel; undefined for ephemeral messages and when it failed. */
  readonly offset: number | undefined;
  /**
   * Why it was not published: `unavailable` and `timeout`, after which it may have been published all the same,
   * `payload_too_large`, or `internal` for a schema that failed. Undefined when it was published.
   */
  readonly error: HalyardError | undefined;
}

/** What to do with a connection above `maxConnectionsPerUser`. A returned error refuses it, with its own message. */
export type ConnectionLimitPolicy<TIdentity extends Identity = GuestIdentity> =
  | "reject"
  | "close-oldest"
  | ((context: ConnectionContext<TIdentity>) => "reject" | "close-oldest" | HalyardError);

/** Time, timers and random numbers. The server uses no other source of them. */
export interface Clock {
  /** Measures durations, in ms: may start at 1970, and is not set when the machine's date is. */
  now(): number;
  /** The date, in ms since 1970. @default `now` */
  date?(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Runs the callback after the current turn of the event loop has handled its input. */
  setImmediate(callback: () => void): void;
  /** A random number in [0, 1). */
  random(): number;
}
