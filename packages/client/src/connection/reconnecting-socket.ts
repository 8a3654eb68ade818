// The adapter to reconnecting-websocket, which opens the next socket when one has closed. The only source file that names it.
// Called by the reconnector, which creates one for each start and each replacement.
// After close() it requests no further socket. The build keeps only the used parts of the library.
import ReconnectingWebSocket from "reconnecting-websocket";
import type { Socket } from "./socket.ts";

/** A loop that requests the next socket whenever one has closed, until it is closed itself. */
export interface ReconnectingSocket {
  /** Closes the last socket, too. One that tabs share gives up the lead then, also where it has closed before. */
  close(code: number): void;
}

/** @param nextSocket called at once, and again whenever a socket has closed; must not reject */
export function openReconnectingSocket(nextSocket: () => Promise<Socket>): ReconnectingSocket {
  // To the pruned library, the "URL" is the socket itself.
  return new ReconnectingWebSocket(nextSocket as never);
}
