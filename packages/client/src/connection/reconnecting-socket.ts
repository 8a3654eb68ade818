// The adapter to reconnecting-websocket, which opens the next socket when one has closed. The only source file that names it.
// Called by the reconnector, which creates one for each start and each replacement.
// After close() it requests no further socket. The build keeps only the used parts of the library.
import ReconnectingWebSocket from "reconnecting-websocket";
import type { Socket } from "./socket.ts";

export interface ReconnectingSocket {
  close(code: number): void;
}

/** @param nextSocket called at once, and again whenever a socket has closed; must not reject */
export function openReconnectingSocket(nextSocket: () => Promise<Socket>): ReconnectingSocket {
  // The library accepts any constructor, even one that returns another object: here the "URL" is the socket itself.
  const WebSocket = function (socket: Socket) {
    return socket;
  };
  return new ReconnectingWebSocket(nextSocket as never, undefined, { WebSocket });
}
