// The adapter to reconnecting-websocket, which opens the next socket when one is gone. No other source file names it.
// Called by the reconnector, which opens a new one for each start and each replacement.
// After close() it asks for no address and opens no socket. The build keeps only what is used of the library.
import ReconnectingWebSocket from "reconnecting-websocket";
import type { Socket } from "./socket.ts";

export interface ReconnectingSocket {
  close(code: number): void;
}

/** What the library holds when no socket could be made. */
const CLOSED_SOCKET = { addEventListener() {}, removeEventListener() {}, close() {} };

/**
 * @param nextUrl called at once, and each time a socket has closed; must not reject
 * @param openSocket called with the address that `nextUrl` resolved to
 */
export function openReconnectingSocket(
  nextUrl: () => Promise<string>,
  openSocket: (url: string) => Socket | undefined,
): ReconnectingSocket {
  return new ReconnectingWebSocket(nextUrl, undefined, {
    // The library takes any constructor, also one that returns another object than its own.
    WebSocket: function (url: string) {
      return openSocket(url) ?? CLOSED_SOCKET;
    },
  });
}
