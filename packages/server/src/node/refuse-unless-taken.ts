import type { Duplex } from "node:stream";
import { rejection } from "../handshake/upgrade-rejection.ts";
import { afterResponses } from "./after-responses.ts";
import { writeRejection } from "./write-rejection.ts";

const NOT_FOUND = rejection(404, undefined);

/** Refuses an upgrade whose path has no owner. */
export function refuse(socket: Duplex): void {
  afterResponses(socket, () => {
    writeRejection(socket, NOT_FOUND);
  });
}

/** Leaves an upgrade to the other listeners of the server, and refuses it if they have not answered after `ms`. */
export function refuseUnlessTaken(socket: Duplex, ms: number): void {
  const before = progressOf(socket);
  const timer = setTimeout(() => {
    if (!socket.destroyed && progressOf(socket) === before) refuse(socket);
  }, ms);
  timer.unref();
  socket.once("close", () => {
    clearTimeout(timer);
  });
}

/**
 * What changes when another listener takes the socket: the bytes written, because earlier requests may have been answered
 * on it; for a stream that does not count bytes, whether it is read.
 */
function progressOf(socket: Duplex): number | boolean | null {
  return (socket as { readonly bytesWritten?: number }).bytesWritten ?? socket.readableFlowing;
}
