import type { HalyardError, PublicUser } from "@halyard/protocol";

/**
 * The smallest socket that both runtimes fulfil. `excludeWs` and `wsInstances` hold the very objects that the runtime
 * handed to `handleOpen`. A raw `send` may overtake what waits for the flush of this turn; `manager.send` does not.
 */
export interface WebSocketInstance<TData = unknown> {
  readonly data: TData;
  readonly readyState: number;
  send(data: string): unknown;
  close(code?: number, reason?: string): void;
}

/** What `ws.data` must carry when a connection opens, and what handlers read there. */
export interface WebSocketData {
  readonly userId: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly image?: string | null | undefined;
}

/** What others may see of a user of this node. */
export interface ConnectedUser {
  readonly userId: string;
  readonly name: string;
  readonly image?: string | undefined;
  readonly connectedAt: Date;
}

/** One entry per user of this node, however many connections. */
export type ConnectedUsers = ReadonlyMap<string, ConnectedUser>;
/** The connections of each user of this node. */
export type WebSocketInstances = ReadonlyMap<string, ReadonlySet<WebSocketInstance<WebSocketData>>>;

/**
 * An upgrade request, the same on every runtime. `url` is the request target as it came; its host means nothing.
 * `remoteAddress` is the client's: the peer, or what a proxy says that `trustProxy` trusts.
 */
export interface UpgradeRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly remoteAddress: string | undefined;
}

/** Who a connection belongs to. */
export interface Identity {
  readonly user: { readonly id: string };
  readonly session?: unknown;
}

/** The identity of a system without `authenticate`: what `ws.data` said. */
export interface GuestIdentity extends Identity {
  readonly user: {
    readonly id: string;
    readonly name?: string | undefined;
    readonly image?: string | null | undefined;
  };
}

/**
 * Decides who may open a connection. An object with a method, because a generic call that returns a bare function
 * loses its inference beside an inline callback.
 */
export interface Authenticator<TIdentity extends Identity = Identity> {
  /**
   * Runs before the upgrade is answered.
   *
   * @returns the identity, or `null` for HTTP 401
   * @throws HalyardError `forbidden` for 403, `unavailable` for 503, `rate_limited` for 429; any other error is 503
   */
  authenticate(request: UpgradeRequest): Promise<TIdentity | null>;
  /**
   * Whether pages of this origin may read why an upgrade was refused, by a plain GET on the WebSocket's path.
   *
   * @default only pages of the server's own origin
   */
  trustsOrigin?(origin: string, request: UpgradeRequest): boolean | Promise<boolean>;
}

/** The short form of an {@link Authenticator}. */
export type AuthenticateFunction<TIdentity extends Identity = Identity> = (
  request: UpgradeRequest,
) => TIdentity | null | Promise<TIdentity | null>;

export interface ConnectionContext<TIdentity extends Identity = GuestIdentity> {
  readonly ws: WebSocketInstance<WebSocketData>;
  readonly user: TIdentity["user"];
  readonly session: TIdentity["session"];
}

export interface HandlerContext<
  TIdentity extends Identity = GuestIdentity,
> extends ConnectionContext<TIdentity> {
  /** The room that the message was sent to; the sender is in it. */
  readonly room: string | undefined;
  /** The same for every repetition of this message: the handler's idempotency key. */
  readonly messageId: string;
  /** Aborted when the time is up or the sender was signed out or banned; a connection that just closed does not. */
  readonly signal: AbortSignal;
}

export interface AuthorizeRequest<TIdentity extends Identity = GuestIdentity> {
  readonly user: TIdentity["user"];
  readonly session: TIdentity["session"];
  readonly action: "join" | "publish" | "presence" | "history";
  /** A room's name, or `all`. */
  readonly room: string;
}

export interface ErrorContext {
  /** The type of the message, or the name of the hook, that failed. */
  readonly type: string;
  readonly ws: WebSocketInstance<WebSocketData> | undefined;
}

/** Where the built-in messages work: for everyone, only inside rooms, or not at all. */
export interface BuiltIns {
  /** @default "all" */
  readonly chat?: "all" | "rooms" | false | undefined;
  /** @default "all" */
  readonly typing?: "all" | "rooms" | false | undefined;
  /** @default "all" */
  readonly presence?: "all" | "rooms" | false | undefined;
}

export interface DisconnectOptions {
  /** @default 4401 */
  readonly code?: 4401 | 4403 | undefined;
  /** Cut at 123 bytes of UTF-8. @default "" */
  readonly reason?: string | undefined;
}

export interface UserPage {
  /** @default everyone */
  readonly room?: string | undefined;
  readonly cursor?: string | undefined;
}

export interface UserList {
  readonly users: readonly PublicUser[];
  readonly total: number;
  /** For the next page; undefined on the last. */
  readonly cursor: string | undefined;
}

export interface ConnectionStats {
  readonly totalUsers: number;
  readonly totalConnections: number;
}

/** What became of a publish. */
export interface Published {
  readonly id: string;
  /** `all`, `user:<id>` or `room:<name>`. */
  readonly channel: string;
  /** The message's offset in its channel; undefined for ephemeral messages and when it failed. */
  readonly offset: number | undefined;
}

/** What to do with a connection over `maxConnectionsPerUser`; an error refuses it in the application's own words. */
export type ConnectionLimitPolicy<TIdentity extends Identity = GuestIdentity> =
  | "reject"
  | "close-oldest"
  | ((context: ConnectionContext<TIdentity>) => "reject" | "close-oldest" | HalyardError);

/** Time and chance. Everything that waits or draws in the server does it through this. */
export interface Clock {
  /** Milliseconds; only differences count, and `Date` values made from it. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Runs once the current turn of the event loop has handled its input. */
  setImmediate(callback: () => void): void;
  /** In [0, 1). */
  random(): number;
}
