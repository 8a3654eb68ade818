// The public API of @halyard/server. The runtimes have entries of their own: ./node.ts and ./bun.ts.

// The server
export { createWebSocketSystem } from "./system.ts";
export type { WebSocketSystem } from "./system.ts";
export { WebSocketManager } from "./manager.ts";
export type { Metrics } from "./metrics.ts";
export type { EventLoopLag } from "./connection/event-loop-monitor.ts";
export type { RequestOptions } from "./connection/pending-server-requests.ts";
export type { RequestArguments } from "./messages/server-requests.ts";
export type {
  ConnectedUser,
  ConnectedUsers,
  ConnectionStats,
  DisconnectOptions,
  Published,
  UserList,
  UserPage,
  WebSocketData,
  WebSocketInstance,
  WebSocketInstances,
} from "./types.ts";

// Handlers
export { MessageHandler, MessageHandlerRegistry } from "./messages/handler-registry.ts";
export type { HandleArguments } from "./messages/handler-registry.ts";
export { ChatMessageHandler, PingHandler, TypingIndicatorHandler } from "./handlers.ts";
export type { Broadcaster, ChatOptions } from "./handlers.ts";
export type { HandlerContext } from "./types.ts";

// Configuration
export type { WebSocketManagerConfig } from "./config.ts";
export { DEFAULT_LIMITS } from "./limits.ts";
export type { ServerLimits } from "./limits.ts";
export type { Logger } from "./logger.ts";
export type {
  AuthenticateFunction,
  Authenticator,
  AuthorizeRequest,
  BuiltIns,
  Clock,
  ConnectionContext,
  ConnectionLimitPolicy,
  ErrorContext,
  GuestIdentity,
  Identity,
  UpgradeRequest,
} from "./types.ts";

// Sessions
export type {
  AnyAuthenticator,
  SessionBus,
  SessionCloseCode,
  SessionNotice,
  SessionWatch,
  WatchedConnection,
  WatchingAuthenticator,
} from "./session-watch.ts";

// Security
export type {
  Flooded,
  ForbiddenAttempt,
  LimitName,
  LimitReached,
  ProtocolBroken,
  Revoked,
  SecurityCounts,
  SecurityEvent,
  SecurityFacts,
  UpgradeRefused,
} from "./security-event.ts";

// For the authors of a backplane
export { createMemoryBackplane } from "./memory/memory-backplane.ts";
export type { MemoryBackplaneOptions } from "./memory/memory-backplane.ts";
export type {
  Admission,
  AdmissionRequest,
  Backplane,
  BackplaneHandlers,
  BackplaneHealth,
  ChannelTop,
  ClientRef,
  Eviction,
  LogEntry,
  PresenceEvent,
  PresenceOp,
  Publication,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
  Revocation,
  RosterEntry,
  RosterPage,
  Work,
  WorkState,
} from "./backplane.ts";
