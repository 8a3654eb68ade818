// Writes bytes to a TCP socket below its stream. Called by rawTransport in node-transport.ts, for every batch.
//
// What it does: if nothing is queued for the socket, it calls `_write` directly. The kernel takes nearly every write at
// once, so the memory that a stream allocates to remember a write until a later turn is wasted. If something is
// queued, it calls `write` of the stream, so that the bytes stay in order.
// What it relies on: `_write(chunk, "buffer", callback)` of `net.Socket` calls back in the same turn if the kernel has
// taken everything, and otherwise completes before any later `write`; `_handle.writeBuffer` exists on plain sockets only;
// `_handle.writeQueueSize` is the number of bytes that libuv has not passed to the kernel.
// What it saves: a broadcast of 128 B to 1,000 connections takes 0.899 of the earlier time with 16 broadcasts under way and
// 0.871 with one (`npx -y pnpm@12 bench --only fan-out-1000-128`, 2026-11-25, commit e23f844).
// How it falls back: `canWriteRaw` is asked when a connection opens; TLS, other streams and compression use the stream.
// On Node with plain TCP and without compression, a fallback is unexpected and logged once, at `warn`.
// Kill switch: HALYARD_RAW_SOCKET_WRITE=off.
import { Socket } from "node:net";

/** Whether a socket can be written to below its stream. A TLS socket may not accept a second write before the first one ends. */
export function canWriteRaw(socket: Socket): boolean {
  const { _handle: handle } = socket as { readonly _handle?: { readonly writeBuffer?: unknown } | null };
  return isPlainSocket(socket) && typeof handle?.writeBuffer === "function";
}

/** Whether a socket is Node's own, without TLS. If it is open, {@link canWriteRaw} is expected to be true. */
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

/** How many bytes the kernel has not taken yet, in the stream and below it. */
export function rawPendingBytes(socket: Socket): number {
  if (socket.writableLength === 0 && !hasPending(socket)) return 0;
  // A large write completes long after most of its bytes are gone, so its length would be too much.
  return socket.bytesWritten - sentBytes(socket);
}

/** How many bytes the kernel has taken since the socket opened, including those of an unfinished write. */
export function sentBytes(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: StreamHandle | null };
  if (typeof handle?.bytesWritten !== "number" || typeof handle.writeQueueSize !== "number")
    return socket.bytesWritten - socket.writableLength;
  return handle.bytesWritten - handle.writeQueueSize;
}

/** The fields with which Node's own socket time-outs see whether a write makes progress. */
interface StreamHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

/** The encoding that a stream passes for bytes; Node's types do not list it. */
const BYTES = "buffer" as BufferEncoding;

// The result of the current write. It is read before anything else can be written, so one pair of variables serves all sockets and
// no write creates a closure.
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

/** The bytes that the kernel has not taken and the stream does not count. */
const pendingBytes = new Map<Socket, number>();

/** Writes complete in order, so an empty write after the raw write reports its completion or failure. */
function trackPending(socket: Socket, bytes: number): void {
  pendingBytes.set(socket, bytes);
  socket.write("", () => {
    pendingBytes.delete(socket);
  });
}

/** Whether the socket is writable and nothing is queued before a new write. */
function isIdle(socket: Socket): boolean {
  const { writableLength, writableCorked, writable } = socket;
  return writableLength === 0 && writableCorked === 0 && writable && !hasPending(socket);
}

function hasPending(socket: Socket): boolean {
  return pendingBytes.size > 0 && pendingBytes.has(socket);
}
