import type { HalyardError, PublicUser } from "@halyard/protocol";

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

/**
 * An upgrade request, the same on every runtime. `url` is the request target as the client sent it; its host is not
 * verified. `remoteAddress` is the client's: that of the peer, or what a proxy in `trustProxy` forwarded.
 */
export interface UpgradeRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly remoteAddress: string | undefined;
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
   * Whether pages of this origin may read why an upgrade was refused, by a plain GET on the path of the WebSocket.
   *
   * @default only pages of the server's own origin
   */
  trustsOrigin?(origin: string, request: UpgradeRequest): boolean | Promise<boolean>;
}

/** The short form of an {@link Authenticator}. */
export type AuthenticateFunction<TIdentity extends Identity = Identity> = (
  request: UpgradeRequest,
) => TIdentity | null | Promise<TIdentity | null>;

/** The connection that a hook or a handler is called for. */
export interface ConnectionContext<TIdentity extends Identity = GuestIdentity> {
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly user: TIdentity["user"];
  readonly session: TIdentity["session"];
}

/** What a handler gets beside its message or input. */
export interface HandlerContext<
  TIdentity extends Identity = GuestIdentity,
> extends ConnectionContext<TIdentity> {
  /** The room that the message was sent to; the sender is a member. */
  readonly room: string | undefined;
  /** The idempotency key of the handler: the same for every repetition of this message. */
  readonly messageId: string;
  /**
   * Aborts at the timeout, and when the connection is closed for good: by a sign-out, a ban, or any other code from 4400 on.
   * Not when it is lost or replaced: the client returns and repeats what is unanswered.
   */
  readonly signal: AbortSignal;
}

/** What `authorize` decides about. */
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
  /** The close code: 4401 ends a session, 4403 bans the user. @default 4401 */
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
  readonly users: readonly PublicUser[];
  /** How many users there are on all pages. */
  readonly total: number;
  /** For the next page; undefined on the last. */
  readonly cursor: string | undefined;
}

/** How many users and connections this node has. */
export interface ConnectionStats {
  readonly totalUsers: number;
  readonly totalConnections: number;
}

/** The result of a publish. */
export interface Published {
  readonly id: string;
  /** `all`, `user:<id>` or `room:<name>`. */
  readonly channel: string;
  /** The message's offset in its channel; undefined for ephemeral messages and when it failed. */
  readonly offset: number | undefined;
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
