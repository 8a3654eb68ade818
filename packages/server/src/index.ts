export type {
  Admission,
  AdmissionRequest,
  Backplane,
  BackplaneHandlers,
  ClientRef,
  LogEntry,
  PresenceEvent,
  PresenceOp,
  Publication,
  PublishOptions,
  PublishResult,
  ReadResult,
  RosterEntry,
  RosterPage,
  Work,
  WorkState,
} from "./backplane.ts";
export type { RequestArguments } from "./messages/server-requests.ts";
export { MessageHandler, MessageHandlerRegistry } from "./messages/handler-registry.ts";
export { ChatMessageHandler, PingHandler, TypingIndicatorHandler } from "./handlers.ts";
export type { HandleArguments } from "./messages/handler-registry.ts";
export type { Broadcaster, ChatOptions } from "./handlers.ts";
export { DEFAULT_LIMITS } from "./limits.ts";
export type { ServerLimits } from "./limits.ts";
export type { Logger } from "./logger.ts";
export { WebSocketManager } from "./manager.ts";
export { createMemoryBackplane } from "./memory/memory-backplane.ts";
export type { MemoryBackplaneOptions } from "./memory/memory-backplane.ts";
export type { RequestOptions } from "./connection/pending-server-requests.ts";
export type {
  SessionBus,
  SessionCloseCode,
  SessionNotice,
  SessionWatch,
  WatchedConnection,
  WatchingAuthenticator,
  AnyAuthenticator,
} from "./session-watch.ts";
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
export { createWebSocketSystem } from "./system.ts";
export type { WebSocketSystem } from "./system.ts";
export type { WebSocketManagerConfig } from "./config.ts";
export type { Metrics } from "./metrics.ts";
export type {
  AuthenticateFunction,
  Authenticator,
  AuthorizeRequest,
  BuiltIns,
  Clock,
  ConnectedUser,
  ConnectedUsers,
  ConnectionContext,
  ConnectionLimitPolicy,
  ConnectionStats,
  DisconnectOptions,
  ErrorContext,
  GuestIdentity,
  HandlerContext,
  Identity,
  Published,
  UpgradeRequest,
  UserList,
  UserPage,
  WebSocketData,
  WebSocketInstance,
  WebSocketInstances,
} from "./types.ts";
