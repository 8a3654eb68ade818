// The adapter to reconnecting-websocket, which opens the next socket when one is gone. No other source file names it.
// Called by the reconnector, which opens a new one for each start and each replacement.
// After close() it asks for no socket. The build keeps only what is used of the library.
import ReconnectingWebSocket from "reconnecting-websocket";
import type { Socket } from "./socket.ts";

export interface ReconnectingSocket {
  close(code: number): void;
}

/** @param nextSocket called at once, and each time a socket has closed; must not reject */
export function openReconnectingSocket(nextSocket: () => Promise<Socket>): ReconnectingSocket {
  // The library takes any constructor, also one that returns another object than its own: the socket is its address.
  const WebSocket = function (socket: Socket) {
    return socket;
  };
  return new ReconnectingWebSocket(nextSocket as never, undefined, { WebSocket });
}
