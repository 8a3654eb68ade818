export { HalyardError } from "@halyard/protocol/wire";
export type { Backoff } from "./common/backoff.ts";
export type { Clock } from "./common/clock.ts";
export type { AuthRequiredReason, ConnectionState } from "./connection/connection-state.ts";
export { createWebSocketClient } from "./create-web-socket-client.ts";
export type { Unsubscribe } from "./common/emitter.ts";
export type { WebSocketClientOptions, WebSocketConstructor } from "./options.ts";
export type { OutboxLimits } from "./messaging/outbox.ts";
export type { PageEvents } from "./connection/page-lifecycle.ts";
export type { QueueState, Receipt, Sending } from "./messaging/receipt.ts";
export type { Fetch } from "./connection/handshake-probe.ts";
export type { SendError } from "./messaging/send-error.ts";
export type {
  Arguments,
  Delivery,
  RequestArguments,
  RequestOptions,
  Room,
  RoomState,
  SentAs,
  WebSocketClient,
} from "./web-socket-client.ts";
