import { Socket } from "node:net";

/** Whether a socket can be written to below its stream: one of TLS may not take a second write before the first ends. */
export function canWriteRaw(socket: Socket): boolean {
  const { _handle: handle } = socket as { readonly _handle?: { readonly writeBuffer?: unknown } | null };
  return Object.getPrototypeOf(socket) === Socket.prototype && typeof handle?.writeBuffer === "function";
}

/**
 * Writes to a bare socket. Where nothing waits, the kernel takes nearly everything at once, and all that a stream would
 * remember of it until then, and do about it in a later turn, is paid for nothing: half of what a write costs in Node.
 */
export function rawWrite(socket: Socket, bytes: Uint8Array): void {
  if (!isIdle(socket)) {
    socket.write(bytes);
    return;
  }
  begin();
  socket._write(bytes, BYTES, onWritten);
  if (!wasAccepted) trackPending(socket, bytes.length);
  else if (writeError) socket.destroy(writeError);
}

/** What waits for the peer of a bare socket. */
export function rawPendingBytes(socket: Socket): number {
  return socket.writableLength + (pendingBytes.size === 0 ? 0 : (pendingBytes.get(socket) ?? 0));
}

/** What a stream passes on with bytes, whatever its types say. */
const BYTES = "buffer" as BufferEncoding;

/** Of the write that is being made: it is asked for before anything else happens. */
let wasAccepted = false;
let writeError: Error | null | undefined;

function begin(): void {
  wasAccepted = false;
  writeError = undefined;
}

function onWritten(error?: Error | null): void {
  wasAccepted = true;
  writeError = error;
}

/** Bytes that the kernel has not taken, and that no stream knows of. */
const pendingBytes = new Map<Socket, number>();

/** Writes end in their order: an empty one behind it tells that it has ended, or how it failed. */
function trackPending(socket: Socket, bytes: number): void {
  pendingBytes.set(socket, bytes);
  socket.write("", () => {
    pendingBytes.delete(socket);
  });
}

/** Nothing is before what is written now, and nothing is said against it. */
function isIdle(socket: Socket): boolean {
  const { writableLength, writableCorked, writable } = socket;
  return writableLength === 0 && writableCorked === 0 && writable && !hasPending(socket);
}

function hasPending(socket: Socket): boolean {
  return pendingBytes.size > 0 && pendingBytes.has(socket);
}
