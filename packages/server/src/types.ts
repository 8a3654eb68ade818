import type {
  AnyProtocol,
  BuiltinProtocol,
  ClientMessage,
  HalyardError,
  PublicUser,
} from "@halyard/protocol";
import type { Backplane } from "./backplane.ts";
import type { MessageHandlerRegistry } from "./handlers.ts";
import type { ServerLimits } from "./limits.ts";
import type { Logger } from "./logger.ts";
import type { SecurityCounts, SecurityEvent } from "./security-event.ts";

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

/** This node in numbers, for a metrics page. */
export interface Metrics extends ConnectionStats {
  /** Upgrades that are not decided yet. */
  readonly handshakes: number;
  /** Addresses and users whose upgrades were counted lately. */
  readonly trackedUpgrades: number;
  /** Security events since the start. */
  readonly security: SecurityCounts;
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

export interface WebSocketManagerConfig<
  TProtocol extends AnyProtocol = AnyProtocol,
  TIdentity extends Identity = GuestIdentity,
> {
  /** The application's contract. @default the built-in messages only */
  readonly protocol?: TProtocol | undefined;
  /** A registry made by hand: it is used as it is, without the built-in handlers. @default the built-in handlers */
  readonly handlers?: MessageHandlerRegistry | undefined;
  /** Here, so that `user` is typed in handlers. @default `ws.data.userId` is believed */
  readonly authenticate?: Authenticator<TIdentity> | AuthenticateFunction<TIdentity> | undefined;
  /** Asked before each join, publish and look at a room. @default rooms are refused, `all` is allowed */
  readonly authorize?: ((request: AuthorizeRequest<TIdentity>) => boolean | Promise<boolean>) | undefined;
  /** After admission; the place to join rooms for a user. */
  readonly onConnect?: ((context: ConnectionContext<TIdentity>) => unknown) | undefined;
  readonly onDisconnect?: ((context: ConnectionContext<TIdentity>, code: number) => unknown) | undefined;
  /** Hears every failure of the application's code. @default the logger's `error` */
  readonly onError?: ((error: unknown, context: ErrorContext) => void) | undefined;
  /**
   * Hears each {@link SecurityEvent}: what was refused, and who was sent away for what. Under attack that is thousands a
   * second: count here, and do not write. The logger gets the first of each kind, reason and address, then sums.
   */
  readonly onSecurityEvent?: ((event: SecurityEvent) => void) | undefined;
  readonly builtIns?: BuiltIns | undefined;
  readonly chat?:
    | {
        /**
         * Runs before a chat message is published, to store or to refuse it: a thrown HalyardError goes to the sender. A
         * returned `{ content }` is published in its place. May run twice for one `messageId` after a crash.
         */
        readonly beforePublish?:
          | ((
              message: ClientMessage<BuiltinProtocol, "chat_message">,
              context: HandlerContext<TIdentity>,
            ) => unknown)
          | undefined;
      }
    | undefined;
  /** Whether the sender's own connection gets its chat messages back. Its other tabs always do. @default true */
  readonly echoToSender?: boolean | undefined;
  /** Over all nodes. @default 20 */
  readonly maxConnectionsPerUser?: number | undefined;
  /** @default "reject" */
  readonly onConnectionLimit?: ConnectionLimitPolicy<TIdentity> | undefined;
  /** Logs each connect, message and close at level `info`. @default false */
  readonly verboseLogging?: boolean | undefined;
  /** Anything with `debug`, `info`, `warn` and `error`; pino fits. @default silent */
  readonly logger?: Logger | undefined;
  /** What carries channels between nodes. @default memory: this node alone */
  readonly backplane?: Backplane | undefined;
  /** Whether a client with this contract may connect; `false` closes it with 4426. @default every one */
  readonly acceptContract?: ((contract: string | undefined) => boolean) | undefined;
  /**
   * The proxies whose `X-Forwarded-For` is believed: addresses and ranges (`10.0.0.0/8`), or a function. Read from right
   * to left, as far as it is trusted. @default none: everyone behind a proxy is one address
   */
  readonly trustProxy?: readonly string[] | ((address: string) => boolean) | undefined;
  readonly limits?: Partial<ServerLimits> | undefined;
  /** Time and chance, for tests. @default the runtime's */
  readonly clock?: Clock | undefined;
}

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
