import type { AnyProtocol, BuiltinProtocol } from "@halyard/protocol";
import { Client } from "./client.ts";
import type { WebSocketClientOptions } from "./options.ts";
import type { WebSocketClient } from "./web-socket-client.ts";

/**
 * Creates a client and connects it, unless `autoConnect` is false. The client needs no configuration except the URL: it
 * reconnects, resumes and sends waiting messages until `close()`.
 *
 * With a relative `url` and no page, as during server rendering, it does not connect until the first `connect`,
 * `join`, `send` or `request`.
 *
 * @throws TypeError for options that can never work: an invalid `url`, or no WebSocket on this platform and none in the options
 * @example
 * const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
 */
export function createWebSocketClient<TProtocol extends AnyProtocol = BuiltinProtocol>(
  options: WebSocketClientOptions,
): WebSocketClient<TProtocol> {
  // A protocol exists only at compile time: the compiler checks names and fields here, and the server checks them
  // again.
  return new Client(options) as unknown as WebSocketClient<TProtocol>;
}
