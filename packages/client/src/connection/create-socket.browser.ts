// Creates sockets in browsers, which end TCP connections themselves and hide the answer to a handshake.
// Called by the reconnector. Replaces create-socket.ts in the build for browsers.
// Exports the same functions as create-socket.ts.
import type { WebSocketClientOptions } from "../options.ts";
import { socketClassOf } from "./connect-url.ts";
import type { Socket } from "./socket.ts";

/** Creates a socket. Throws what the constructor throws. */
export function createSocket(client: WebSocketClientOptions, url: string, subprotocols: string[]): Socket {
  const BrowserSocket = socketClassOf(client) as unknown as new (
    url: string,
    subprotocols: string[],
  ) => Socket;
  return new BrowserSocket(url, subprotocols);
}

export function limitClosing(): void {
  // Nothing to do: the browser ends its sockets with the page.
}

export function watchAnswer(): void {
  // Nothing to do: the browser hides the answer, so the probe asks for it.
}
