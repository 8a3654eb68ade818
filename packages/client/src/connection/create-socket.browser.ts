// Creates the sockets of a browser, which ends their TCP connections itself and shows no answer to a handshake.
// Called by the reconnector, in the build for browsers only: there this file takes the place of create-socket.ts.
// Exports the same functions.
import type { WebSocketConstructor } from "../options.ts";
import type { Socket } from "./socket.ts";

/** Throws what the constructor throws. */
export function createSocket(WebSocket: WebSocketConstructor, url: string, subprotocols: string[]): Socket {
  const BrowserSocket = WebSocket as unknown as new (url: string, subprotocols: string[]) => Socket;
  return new BrowserSocket(url, subprotocols);
}

export function limitClosing(): void {
  // The browser ends its sockets with the page.
}

export function watchAnswer(): void {
  // The browser hides it, and the probe asks for it.
}
