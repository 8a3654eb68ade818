// The public API of @halyard/server. The runtimes have entries of their own: ./node.ts and ./bun.ts; processes without sockets have ./publisher.ts.

// The server
export { createWebSocketSystem } from "./system.ts";
export type { WebSocketSystem } from "./system.ts";
export { WebSocketManager } from "./manager.ts";
export type { Health } from "./management/health.ts";
export type { Metrics, QueueMetrics } from "./management/metrics.ts";
export type { HandlerMetrics, Histogram } from "./metrics/handler-times.ts";
export type { Traffic } from "./metrics/traffic-counters.ts";
export type { DrainOptions } from "./connection/drain.ts";
export type { EventLoopLag } from "./metrics/event-loop-monitor.ts";
export type { RequestOptions } from "./connection/pending-server-requests.ts";
export type { RequestArguments } from "./cluster/server-requests.ts";
export type {
  ClusterStats,
  NodeStats,
  Publisher,
  RequestTarget,
  RoomReply,
} from "./cluster/cluster-types.ts";
export type {
  ConnectedUser,
  ConnectedUsers,
  ConnectionStats,
  DisconnectOptions,
  Except,
  Published,
  SendOptions,
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
export type { HandlerCall, MiddlewareContext } from "./application/middleware.ts";
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
  RawRequest,
  RawRequests,
  UpgradeRequest,
} from "./types.ts";

// Sessions
export type {
  AnyAuthenticator,
  SessionBus,
  SessionCloseCode,
  SessionMark,
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
  BackplaneRooms,
  ChannelTop,
  BegunWork,
  Claim,
  ClientRef,
  Eviction,
  LogEntry,
  PresenceEvent,
  PresenceOp,
  Publication,
  PublishAttempts,
  PublishedWork,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
  Revocation,
  RoomHolder,
  RoomsOfClient,
  RosterEntry,
  RosterPage,
  ShownState,
  Work,
  WorkState,
} from "./backplane.ts";
