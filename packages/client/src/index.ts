// The client
export { createWebSocketClient } from "./create-web-socket-client.ts";
export type { Room, WebSocketClient } from "./web-socket-client.ts";
export type { CauseKind, ConnectionCause } from "./connection/connection-cause.ts";
export type { AuthRequiredReason, ConnectionState } from "./connection/connection-state.ts";
export type { RoomState } from "./rooms/room-state.ts";

// Options
export type {
  Fetch,
  OutboxLimits,
  PageEvents,
  WebSocketClientOptions,
  WebSocketConstructor,
} from "./options.ts";
export type { Backoff } from "./common/backoff.ts";
export type { Clock } from "./common/clock.ts";

// Messages and requests
export type { Arguments, RequestArguments, SentAs } from "./web-socket-client.ts";
export type { Delivery } from "./messaging/client-events.ts";
export type { QueueState, Receipt, Sending } from "./messaging/receipt.ts";
export type { RequestOptions } from "./messaging/requests.ts";
export type { SendError } from "./messaging/send-error.ts";
export type { Unsubscribe } from "./common/emitter.ts";
export { HalyardError } from "@halyard/protocol/wire";
