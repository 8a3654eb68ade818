import type { AnyProtocol, BuiltinProtocol } from "@halyard/protocol";
import { Client } from "./client.ts";
import type { WebSocketClientOptions } from "./options.ts";
import type { WebSocketClient } from "./web-socket-client.ts";

/**
 * Creates a client and connects it, unless `autoConnect` is false. The client needs no configuration beyond the URL: it
 * reconnects, resumes and sends the messages that wait, until `close()`.
 *
 * Does nothing for a `url` that needs a page while there is none, as on a server that renders one: the first `connect`,
 * `join`, `send` or `request` opens.
 *
 * @throws TypeError for what can never work: a `url` that is none, or no WebSocket here and none in the options
 * @example
 * const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
 */
export function createWebSocketClient<TProtocol extends AnyProtocol = BuiltinProtocol>(
  options: WebSocketClientOptions,
): WebSocketClient<TProtocol> {
  // A protocol exists at compile time only: the compiler checks names and fields here, and the server checks them
  // again.
  return new Client(options) as unknown as WebSocketClient<TProtocol>;
}
