import type { AnyProtocol, BuiltinProtocol, ClientMessage, MessageMap, RequestMap } from "@halyard/protocol";
import type { Backplane } from "./backplane.ts";
import type { ServerLimits } from "./limits.ts";
import type { Logger } from "./logger.ts";
import type { MessageHandlerRegistry } from "./messages/handler-registry.ts";
import type { SecurityEvent } from "./security-event.ts";
import type {
  AuthenticateFunction,
  Authenticator,
  AuthorizeRequest,
  BuiltIns,
  Clock,
  ConnectionContext,
  ConnectionLimitPolicy,
  ErrorContext,
  GuestIdentity,
  HandlerContext,
  Identity,
  UpgradeRequest,
} from "./types.ts";

/**
 * The message that the compiler prints when a contract requires a role and the user type has none. A guest passes: before the
 * compiler has read an `authenticate` with a parameter, each user is one. `MissingOption` catches those who stay guests.
 */
type RoleCheck<TProtocol extends AnyProtocol, TUser> = "role" extends keyof TUser
  ? unknown
  : NeedsRole<TProtocol> extends true
    ? IsGuest<TUser> extends true
      ? unknown
      : "the contract has requires: { role }, and authenticate gives users without a role"
    : unknown;
type IsGuest<TUser> =
  (<T>() => T extends TUser ? 1 : 2) extends <T>() => T extends GuestIdentity["user"] ? 1 : 2 ? true : false;
type NeedsRole<TProtocol extends AnyProtocol> =
  RequiredRole<TProtocol["clientMessages"]> | RequiredRole<TProtocol["requests"]> extends infer TRole
  ? [TRole] extends [never]
    ? false
    : string extends TRole
      ? false
      : true
  : never;
type RequiredRole<TMap extends MessageMap | RequestMap> = Exclude<TMap[keyof TMap]["role"], undefined>;

/** The option that is missing where a contract requires a role and the users are guests. */
export type MissingOption<TProtocol extends AnyProtocol, TUser> = [
  NeedsRole<TProtocol>,
  IsGuest<TUser>,
] extends [true, true]
  ? "authenticate"
  : never;

/** The options of {@link createWebSocketSystem}. None is required. */
export interface WebSocketManagerConfig<
  TProtocol extends AnyProtocol = AnyProtocol,
  TIdentity extends Identity = GuestIdentity,
  TData extends object = {},
> {
  /**
   * The application's contract, from `defineProtocol`. With `requires: { role }` in it, the users of `authenticate` need a
   * `role`. @default the built-in messages only
   */
  readonly protocol?: (TProtocol & RoleCheck<TProtocol, TIdentity["user"]>) | undefined;
  /** Replaces the registry, including the built-in handlers, by one of the application. @default the built-in handlers */
  readonly handlers?: MessageHandlerRegistry | undefined;
  /**
   * Decides who may open a connection; its result types `user` in handlers. Required for upgrades, either here or in the call that
   * attaches the runtime. A socket that is passed to `handleOpen` is identified by `ws.data.userId` instead. If it has a parameter,
   * write it above the options that read `user`, so that TypeScript can infer its type.
   *
   * @default none
   */
  readonly authenticate?: Authenticator<TIdentity> | AuthenticateFunction<TIdentity> | undefined;
  /**
   * The pages that may connect, instead of those of the server's own origin: complete origins (`https://app.example.com`), or
   * a function, which is called when the request has an `Origin`. Pages that the authenticator's `trustsOrigin` accepts may connect as
   * well. Not used with Better Auth, which has its own `trustedOrigins`.
   *
   * @default for a request with a cookie: the origin whose host and port equal the `Host` header; between names of
   * this machine (`localhost`) any port; a request without an `Origin` is refused
   */
  readonly allowedOrigins?:
    readonly string[] | ((origin: string, request: UpgradeRequest) => boolean | Promise<boolean>) | undefined;
  /**
   * Decides what a user may do; called before each join, publish, list of users and replay. It may take
   * `limits.handlerMs`. A welcome waits 3 s for the answers. `authorize` is asked again about channels without an answer, which follow the welcome.
   * An error denies, and so does an answer that is not a boolean.
   *
   * @default rooms are refused, `all` is allowed
   */
  readonly authorize?: ((request: AuthorizeRequest<TIdentity>) => boolean | Promise<boolean>) | undefined;
  /**
   * Creates the `context.data` of a connection, before `onConnect`. Must return an object synchronously; otherwise, or when it
   * throws, the connection is closed as for an `onConnect` that throws. If it has a parameter, write it above the hooks that read
   * `data`, so that TypeScript can infer its type.
   *
   * @default an empty object
   */
  readonly data?: ((context: Omit<ConnectionContext<TIdentity>, "data">) => TData) | undefined;
  /**
   * Called after the admission of a connection and before its welcome, for example to join rooms for a user. A thrown HalyardError
   * refuses the connection before anything is delivered: `unauthenticated` closes it with 4401, `forbidden` with 4403,
   * `contract_mismatch` with 4426, `limit_exceeded` with 4011, `rate_limited` with 4029, `unavailable` and `timeout` with
   * 1013. Any other error goes to `onError`, and closes it with 1011; after `limits.handlerMs` it is closed with 1013.
   * A client ends an attempt without a welcome after 10 s, and the next attempt calls `onConnect` again.
   *
   * @default none
   */
  readonly onConnect?: ((context: ConnectionContext<TIdentity, TData>) => unknown) | undefined;
  /** Called after the close of a connection for which `onConnect` was called, with the close code. @default none */
  readonly onDisconnect?:
    ((context: ConnectionContext<TIdentity, TData>, code: number) => unknown) | undefined;
  /**
   * Called after a connection has joined a room: at its own request, by the server, or with its welcome, also after a reconnect.
   * A message that is sent to the connection here follows its `joined`. Called once per connection and room: a user with two tabs
   * joins twice. @default none
   */
  readonly onJoin?: ((context: ConnectionContext<TIdentity, TData>, room: string) => unknown) | undefined;
  /**
   * Called once for each `onJoin`, when the connection has left the room, was removed, or has closed; before
   * `onDisconnect`. A user is in a room while one of their connections is, and for `limits.leaveGraceMs` after one was lost;
   * `manager.listUsers({ room })` returns the users in a room.
   *
   * @default none
   */
  readonly onLeave?: ((context: ConnectionContext<TIdentity, TData>, room: string) => unknown) | undefined;
  /**
   * Called with each error of the application's code: what hooks, handlers, loggers and options that are functions
   * throw or reject with, and answers of the wrong type. When `onError` itself fails, the logger gets both errors.
   *
   * @default these errors go to the logger's `error` instead
   */
  readonly onError?: ((error: unknown, context: ErrorContext) => void) | undefined;
  /**
   * Called with each {@link SecurityEvent}. An attack causes thousands per second: count them, and do not write each one. The
   * logger gets the first event of each kind, reason and address, and then totals.
   *
   * @default none
   */
  readonly onSecurityEvent?: ((event: SecurityEvent) => void) | undefined;
  /** Where the built-in messages work. @default everywhere */
  readonly builtIns?: BuiltIns | undefined;
  /** Options of the built-in chat. @default none */
  readonly chat?:
    | {
        /**
         * Runs before a chat message is published, to store or to refuse it. A thrown HalyardError is sent to the sender;
         * a returned `{ content }` replaces the content. May run twice for one `messageId`: after a crash, and when the
         * backplane has not confirmed the publish within 10 s.
         *
         * @default none
         */
        readonly beforePublish?:
          | ((
              message: ClientMessage<BuiltinProtocol, "chat_message">,
              context: HandlerContext<TIdentity, TData>,
            ) => unknown)
          | undefined;
      }
    | undefined;
  /** Whether the sender's own connection gets its chat messages. The user's other connections always do. @default true */
  readonly echoToSender?: boolean | undefined;
  /** How many connections one user may have on all nodes together. @default 20 */
  readonly maxConnectionsPerUser?: number | undefined;
  /** What happens to a connection above `maxConnectionsPerUser`. @default "reject" */
  readonly onConnectionLimit?: ConnectionLimitPolicy<TIdentity> | undefined;
  /**
   * Whether each connect, close and message is logged at level `info`, with its type, room, size and user, never its fields. The
   * default logger writes these lines as well.
   *
   * @default false
   */
  readonly verboseLogging?: boolean | undefined;
  /**
   * Where the server logs: pino, winston, or any other object with `debug`, `info`, `warn` and `error`. `false` logs nothing.
   *
   * @default warnings and errors to the console: each one once, then its count every minute
   */
  readonly logger?: Logger | false | undefined;
  /** What carries channels between nodes. @default memory: this node alone */
  readonly backplane?: Backplane | undefined;
  /**
   * Whether a client with this contract may connect; `false` closes the connection with 4426. Must answer synchronously: a promise counts
   * as `false`, and goes to `onError`. When it throws, the connection is closed with 1013.
   *
   * @default every contract
   */
  readonly acceptContract?: ((contract: string | undefined) => boolean) | undefined;
  /**
   * The proxies whose `X-Forwarded-For` is trusted: addresses and ranges (`10.0.0.0/8`), or a function. The header is read
   * from right to left, up to the first address that is not trusted. The function must answer synchronously: a promise counts as
   * `false` and goes to `onError`. When it throws, the request gets 503.
   *
   * @default none: all clients behind a proxy have the proxy's address; only their rejected upgrades are counted separately
   */
  readonly trustProxy?: readonly string[] | ((address: string) => boolean) | undefined;
  /** The limits that differ from {@link DEFAULT_LIMITS}. @default none */
  readonly limits?: Partial<ServerLimits> | undefined;
  /** Time, timers and random numbers, for tests. @default the runtime's */
  readonly clock?: Clock | undefined;
}

/** The configuration without its type parameters, as the inside of the server uses it. */
export type AnyConfig = WebSocketManagerConfig;
