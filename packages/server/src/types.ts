import type { HalyardError, RoomUser } from "@halyard/protocol";

/**
 * The members of a socket that both runtimes have. `excludeWs` and `wsInstances` refer to the same objects that the runtime
 * passed to `handleOpen`. A raw `send` may overtake frames that are queued until the end of the turn; `manager.send` does
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
  /** `@halyard/server/node` and `@halyard/server/bun` each add the request type of their runtime here when they are imported. */
  interface HalyardRawRequests {}
}

/** The request objects of the runtimes in use, by their names: `node` and `bun`. */
export interface RawRequests extends HalyardRawRequests {}

/** The request object of the runtime in use; with several runtimes, a union of theirs; without any, `unknown`. */
export type RawRequest = [keyof RawRequests] extends [never] ? unknown : RawRequests[keyof RawRequests];

/**
 * An upgrade request, the same on every runtime. `url` is the path and the query as the client sent them; the host is not
 * verified. `remoteAddress` is the address of the client: of the peer, or as forwarded by a proxy in `trustProxy`.
 */
export interface UpgradeRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly remoteAddress: string | undefined;
  /**
   * The runtime's own request, for code that needs it, such as a session middleware or a client certificate. Node: an `IncomingMessage`
   * (for a plain GET over HTTP/2 its counterpart, which has the same fields); Bun: a `Request`. For a cookie or a token,
   * `headers` are enough.
   */
  readonly raw: RawRequest;
  /**
   * What the client's option `ticket` returned: a ticket of Better Auth, or your own token for your own `authenticate`.
   * Letters, digits and `-._~`; an empty string if the request offers several, which is never valid. Never logged.
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
 * call that returns an object, but not from one that returns a function, if an inline callback stands beside it.
 */
export interface Authenticator<TIdentity extends Identity = Identity> {
  /**
   * Identifies the user of an upgrade, before the upgrade is answered.
   *
   * @returns the identity, or `null` for HTTP 401
   * @throws HalyardError `unauthenticated` for 401, `forbidden` for 403, `rate_limited` for 429; any other error is 503
   */
  authenticate(request: UpgradeRequest): Promise<TIdentity | null>;
  /**
   * Whether pages of this origin may connect, in addition to those that `allowedOrigins` allows, and may read
   * why an upgrade was refused, with a plain GET on the WebSocket path.
   *
   * @default no other pages
   */
  trustsOrigin?(origin: string, request: UpgradeRequest): boolean | Promise<boolean>;
  /**
   * Whether `authenticate` itself refuses origins that it does not trust, as Better Auth's does. The server then leaves
   * the check to it.
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
  /** Unique over all nodes; a reconnect gets a new one. Empty if the application called a handler itself. */
  readonly connectionId: string;
  /** The current rooms of this connection, as a copy. In `onDisconnect`, the rooms that it had. */
  readonly rooms: ReadonlySet<string>;
  /** The object that the option `data` created for this connection; you may write to it. A reconnect starts with a new one. */
  readonly data: TData;
}

/** What a handler receives in addition to its message or input. */
export interface HandlerContext<
  TIdentity extends Identity = GuestIdentity,
  TData extends object = {},
  TRoom extends string | undefined = string | undefined,
> extends ConnectionContext<TIdentity, TData> {
  /** The room of the message or request; the sender is a member of it. */
  readonly room: TRoom;
  /**
   * Identical for every repetition of this message. Use the user and this id together as idempotency key: a client computes
   * the id before it knows its user, so two users may send the same one.
   */
  readonly messageId: string;
  /**
   * Aborts at the time-out, and when the connection is closed for good: by a sign-out, a ban, or any other code from 4400 on.
   * It does not abort when the connection is lost or replaced, because the client returns and repeats what is unanswered.
   * A later sign-out or ban still aborts it.
   */
  readonly signal: AbortSignal;
}

/**
 * What `authorize` decides about. An answer applies to the user and the session of the question: if they change
 * before the answer, `authorize` is called again.
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
  /** The room of the message or the request, if any. */
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
  /**
   * The close code: 4401 ends a session; 4403 also takes back the rooms that the server gave. `authenticate` decides
   * whether the user may return. @default 4401
   */
  readonly code?: 4401 | 4403 | undefined;
  /** The close reason; cut at 123 bytes of UTF-8. @default "" */
  readonly reason?: string | undefined;
}

/** Selects a list of users and a page of it. */
export interface UserPage {
  /** The room whose members are listed. @default all users who are online */
  readonly room?: string | undefined;
  /** The cursor of the previous page. @default the first page */
  readonly cursor?: string | undefined;
}

/** One page of a list of users. */
export interface UserList {
  /** The users, with `presence` if the contract has presence state and the list is that of a room. */
  readonly users: readonly RoomUser[];
  /** The number of users on all pages. */
  readonly total: number;
  /** The cursor of the next page; undefined on the last page. */
  readonly cursor: string | undefined;
}

/** The number of users and connections. */
export interface ConnectionStats {
  readonly totalUsers: number;
  readonly totalConnections: number;
}

/** The clients and users that do not get a message, not even on resume. At most 1,000 of both together. */
export interface Except {
  /** Excludes the clients of these connections, also after a reconnect. Their users' other connections get the message. @default none */
  readonly ws?: WebSocketInstance | readonly WebSocketInstance[] | undefined;
  /** Excludes users with all their connections. @default none */
  readonly userIds?: readonly string[] | undefined;
}

/** The options of a publish. */
export interface SendOptions {
  /** The clients and users that do not get the message. @default none */
  readonly except?: Except | undefined;
  /**
   * A second publish to the same channel with this key is not delivered and returns the answer of the first one; use it for jobs that are
   * retried. The key is remembered for 5 min (without Redis, the 100,000 latest of messages that are no longer in the history). While
   * the backplane is away, the publish is repeated for 10 s before it fails. Not for ephemeral messages.
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
   * Why the message was not published: `unavailable` and `timeout`, after which it may have been published anyway;
   * `payload_too_large`; or `internal` for a schema that failed. Undefined if it was published.
   */
  readonly error: HalyardError | undefined;
}

/** What to do with a connection above `maxConnectionsPerUser`. A returned error refuses the connection, with the error's own message. */
export type ConnectionLimitPolicy<TIdentity extends Identity = GuestIdentity> =
  | "reject"
  | "close-oldest"
  | ((context: ConnectionContext<TIdentity>) => "reject" | "close-oldest" | HalyardError);

/** Time, timers and random numbers. The server uses no other source. */
export interface Clock {
  /** Measures durations, in ms. It may start at 1970, but does not change when the machine's date is set. */
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
