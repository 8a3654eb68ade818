/** The part of a socket of `node:net` that says where it comes from. */
interface PeerSocket {
  readonly destroyed: boolean;
  readonly localAddress?: string | undefined;
  readonly remoteAddress?: string | undefined;
}

/**
 * Whether the client of a TCP connection has reset it. Nothing says any more where it came from, so that no limit by
 * address would hold. A Unix socket has no address on either side.
 *
 * The own address is read last and rarely: Node keeps it on the socket once it has been read, 140 B per connection.
 */
export function isPeerGone(socket: PeerSocket): boolean {
  return socket.destroyed || (socket.remoteAddress === undefined && socket.localAddress !== undefined);
}
