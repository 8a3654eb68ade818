import type { AnyProtocol, BuiltinProtocol } from "@halyard/protocol";
import { Client } from "./client.ts";
import type { WebSocketClientOptions } from "./options.ts";
import type { WebSocketClient } from "./web-socket-client.ts";

/**
 * Creates a client and, unless told otherwise, connects it. It needs no configuration beyond the address, and no care
 * after that: it reconnects, resumes and sends what waits, until `close()`.
 *
 * @throws TypeError when there is no WebSocket in this environment and none in the options
 * @example
 * const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
 */
export function createWebSocketClient<TProtocol extends AnyProtocol = BuiltinProtocol>(
  options: WebSocketClientOptions,
): WebSocketClient<TProtocol> {
  // At run time a protocol is nothing: names and fields are checked here, by the compiler, and on the server.
  return new Client(options) as unknown as WebSocketClient<TProtocol>;
}
