export { HalyardError } from "@halyard/protocol/wire";
export type { Backoff } from "./backoff.js";
export type { Clock } from "./clock.js";
export type { AuthRequiredReason, ConnectionState } from "./connection-state.js";
export { createWebSocketClient } from "./create-web-socket-client.js";
export type { Unsubscribe } from "./emitter.js";
export type { WebSocketClientOptions, WebSocketConstructor } from "./options.js";
export type { OutboxLimits } from "./outbox.js";
export type { PageEvents } from "./page.js";
export type { QueueState, Receipt, Sending } from "./receipt.js";
export type { Fetch } from "./refusal.js";
export type { SendError } from "./send-error.js";
export type {
  Arguments,
  Delivery,
  RequestArguments,
  RequestOptions,
  Room,
  RoomState,
  SentAs,
  WebSocketClient,
} from "./web-socket-client.js";
