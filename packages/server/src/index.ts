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
} from "./backplane.js";
export type { RequestArguments } from "./asker.js";
export {
  ChatMessageHandler,
  MessageHandler,
  MessageHandlerRegistry,
  PingHandler,
  TypingIndicatorHandler,
} from "./handlers.js";
export type { Broadcaster, ChatOptions, HandleArguments } from "./handlers.js";
export { DEFAULT_LIMITS } from "./limits.js";
export type { ServerLimits } from "./limits.js";
export type { Logger } from "./logger.js";
export { WebSocketManager } from "./manager.js";
export { createMemoryBackplane } from "./memory/memory-backplane.js";
export type { MemoryBackplaneOptions } from "./memory/memory-backplane.js";
export type { RequestOptions } from "./questions.js";
export type { AnyAuthenticator } from "./server.js";
export type {
  SessionBus,
  SessionCloseCode,
  SessionNotice,
  SessionWatch,
  WatchedConnection,
  WatchingAuthenticator,
} from "./session-watch.js";
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
} from "./security-event.js";
export { createWebSocketSystem } from "./system.js";
export type { WebSocketSystem } from "./system.js";
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
  Metrics,
  Published,
  UpgradeRequest,
  UserList,
  UserPage,
  WebSocketData,
  WebSocketInstance,
  WebSocketInstances,
  WebSocketManagerConfig,
} from "./types.js";
