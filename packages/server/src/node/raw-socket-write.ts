// Writes bytes to a TCP socket below its stream. Called by rawTransport in node-transport.ts, for every batch.
//
// What it does: where nothing is queued for the socket, it calls `_write` directly. The kernel takes nearly every write at
// once, and what a stream allocates to remember a write until a later turn is then paid for nothing. Where something is
// queued, it calls `write` of the stream, so that no byte overtakes another.
// What it leans on: `_write(chunk, "buffer", callback)` of `net.Socket` calls back in the same turn when the kernel has
// taken everything, and otherwise completes before any later `write`; `_handle.writeBuffer` exists on plain sockets only;
// `_handle.writeQueueSize` is what libuv has not handed to the kernel.
// What it gives: a broadcast of 128 B to 1,000 connections takes 0.899 of the time before with 16 broadcasts under way and
// 0.871 with one (`npx -y pnpm@12 bench --only fan-out-1000-128`, 2026-11-25, commit e23f844).
// How it falls back: `canWriteRaw` is asked when a connection opens; TLS, other streams and compression use the stream.
// On Node with plain TCP and without compression a fallback is unexpected: the log says so once, at `warn`.
// Kill switch: HALYARD_RAW_SOCKET_WRITE=off.
import { Socket } from "node:net";

/** Whether a socket can be written to below its stream. One of TLS may not take a second write before the first ends. */
export function canWriteRaw(socket: Socket): boolean {
  const { _handle: handle } = socket as { readonly _handle?: { readonly writeBuffer?: unknown } | null };
  return isPlainSocket(socket) && typeof handle?.writeBuffer === "function";
}

/** Whether a socket is one of Node's own without TLS: for an open one, {@link canWriteRaw} is expected to be true. */
export function isPlainSocket(socket: Socket): boolean {
  return Object.getPrototypeOf(socket) === Socket.prototype;
}

/** Writes to a socket for which {@link canWriteRaw} is true. */
export function rawWrite(socket: Socket, bytes: Uint8Array): void {
  if (!isIdle(socket)) {
    socket.write(bytes);
    return;
  }
  resetWrite();
  socket._write(bytes, BYTES, onWritten);
  if (!wasAccepted) trackPending(socket, bytes.length);
  else if (writeError) socket.destroy(writeError);
}

/** Bytes that the kernel has not taken yet, in the stream and below it. */
export function rawPendingBytes(socket: Socket): number {
  if (socket.writableLength === 0 && !hasPending(socket)) return 0;
  // A large write ends long after most of it is gone: its length says too much.
  return socket.bytesWritten - sentBytes(socket);
}

/** Bytes that the kernel has taken since the socket opened: also those of a write that has not ended. */
export function sentBytes(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: StreamHandle | null };
  if (typeof handle?.bytesWritten !== "number" || typeof handle.writeQueueSize !== "number")
    return socket.bytesWritten - socket.writableLength;
  return handle.bytesWritten - handle.writeQueueSize;
}

/** What Node's own socket timeouts use to see whether a write goes on. */
interface StreamHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

/** The encoding that a stream passes with bytes; the types of Node do not list it. */
const BYTES = "buffer" as BufferEncoding;

// The result of the write under way. Read before anything else can be written, so that one pair serves all sockets and
// no write makes a closure.
let wasAccepted = false;
let writeError: Error | null | undefined;

function resetWrite(): void {
  wasAccepted = false;
  writeError = undefined;
}

function onWritten(error?: Error | null): void {
  wasAccepted = true;
  writeError = error;
}

/** Bytes that the kernel has not taken and that the stream does not count. */
const pendingBytes = new Map<Socket, number>();

/** Writes complete in order: an empty one behind the raw write reports that it has completed, or how it failed. */
function trackPending(socket: Socket, bytes: number): void {
  pendingBytes.set(socket, bytes);
  socket.write("", () => {
    pendingBytes.delete(socket);
  });
}

/** Whether nothing is queued before a write that starts now, and the socket is writable. */
function isIdle(socket: Socket): boolean {
  const { writableLength, writableCorked, writable } = socket;
  return writableLength === 0 && writableCorked === 0 && writable && !hasPending(socket);
}

function hasPending(socket: Socket): boolean {
  return pendingBytes.size > 0 && pendingBytes.has(socket);
}
