import type { AnyProtocol, BuiltinProtocol, ClientMessage } from "@halyard/protocol";
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
} from "./types.ts";

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

/** The configuration with its types erased: inside the server, a user is what the authenticator returned. */
export type AnyConfig = WebSocketManagerConfig;
