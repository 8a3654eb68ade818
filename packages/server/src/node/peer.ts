import type { Socket } from "node:net";

/**
 * Whether the client of a TCP connection has reset it. Nothing says any more where it came from, so that no limit by
 * address would hold. A Unix socket has no address on either side.
 */
export function isPeerGone(socket: Pick<Socket, "destroyed" | "localAddress" | "remoteAddress">): boolean {
  return socket.destroyed || (socket.remoteAddress === undefined && socket.localAddress !== undefined);
}
