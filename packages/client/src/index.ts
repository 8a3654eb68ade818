// The client
export { createWebSocketClient } from "./create-web-socket-client.ts";
export type { Room, Subscribable, WebSocketClient } from "./web-socket-client.ts";
export type { CauseKind, ConnectionCause } from "./connection/connection-cause.ts";
export type { AuthRequiredReason, ConnectionState } from "./connection/connection-state.ts";
export type { RoomState } from "./rooms/room-state.ts";

// Options
export type {
  Fetch,
  OutboxLimits,
  KeptMessage,
  OutboxOptions,
  OutboxStorage,
  PageEvents,
  WebSocketClientOptions,
  WebSocketConstructor,
} from "./options.ts";
export type { Backoff } from "./common/backoff.ts";
export type { Clock } from "./common/clock.ts";

// Messages and requests
export type { Arguments, Outside, RequestArguments, SentAs } from "./web-socket-client.ts";
export type { Delivery } from "./messaging/client-events.ts";
export type { Store, SubscribeOptions } from "./messaging/message-scope.ts";
export type { QueueState, Receipt, Sending } from "./common/receipt.ts";
export type { RequestOptions } from "./messaging/requests.ts";
export type { SendError, SendErrorOf } from "./common/send-error.ts";
export type { Unsubscribe } from "./common/emitter.ts";
export { HalyardError, isErrorOf } from "@halyard/protocol/wire";
export type { ErrorOf } from "@halyard/protocol/wire";
export type { StatePatch } from "@halyard/protocol";
