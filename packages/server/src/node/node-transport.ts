// Writes frames to a WebSocket on Node: each frame is encoded once for all its recipients, and the frames that one connection
// gets in a turn are one write, to the socket below ws. Called by the Writer through the interface Transport.
// Relies on undocumented fields of ws (`_socket`, `_sender`, `_receiver`, `_extensions`); if they are not as expected,
// frames go through `ws.send`. Guarantee: the bytes on the wire are those that ws would write, in the same order.
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Batch, OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Transport } from "../delivery/transport.ts";
import { canWriteRaw, isPlainSocket, rawPendingBytes, rawWrite, sentBytes } from "./raw-socket-write.ts";
import { compressedTextFrame, joinTextFrames, encodeTextFrames } from "./frame-encoder.ts";

/** What {@link nodeTransports} takes. */
export interface NodeTransportOptions {
  /** Messages of at least this many characters are compressed, for clients that support it. @default none */
  readonly compressAbove?: number | undefined;
  /** Whether sockets are written to below their stream if possible. @default true */
  readonly usesRawWrite?: boolean | undefined;
  /** Called for each connection that should support writing below its stream but does not. */
  readonly onFallback?: (() => void) | undefined;
}

/** @returns a function that chooses the transport of a connection, called once when it opens */
export function nodeTransports({
  compressAbove = Infinity,
  usesRawWrite = true,
  onFallback,
}: NodeTransportOptions = {}): (ws: WebSocket) => Transport {
  const streamTransport: Transport = {
    ...sharedMethods,
    write(ws, batch) {
      const socket = idleSocketOf(ws);
      if (socket === undefined) for (const frame of batch.frames()) ws.send(frame.text);
      else if (compressAbove !== Infinity && canInflate(ws))
        socket.write(joinedCompressed(batch, compressAbove));
      else writeThrough(writeToStream, socket, batch);
      return true;
    },
    bufferedAmount: (ws) => (ws as unknown as WebSocket).bufferedAmount,
  };
  return (ws) => {
    const { _socket: socket, _extensions: extensions } = ws as WsInternals;
    // With compression, ws may hold frames that must be written first.
    const isCompressed = extensions !== undefined && "permessage-deflate" in extensions;
    if (!usesRawWrite || isCompressed) return streamTransport;
    if (extensions !== undefined && socket !== undefined && canWriteRaw(socket)) return rawTransport;
    const isExpected = socket === undefined || isPlainSocket(socket);
    if (isExpected && socket?.destroyed !== true) onFallback?.();
    return streamTransport;
  };
}

const sharedMethods: Pick<Transport, "ping" | "isReceiving" | "sentBytes" | "terminate"> = {
  ping: (ws) => {
    (ws as unknown as WebSocket).ping();
  },
  isReceiving,
  sentBytes: (ws) => {
    const { _socket: socket } = ws as WsInternals;
    return socket === undefined ? 0 : sentBytes(socket);
  },
  terminate: (ws) => {
    (ws as unknown as WebSocket).terminate();
  },
};

const rawTransport: Transport = {
  ...sharedMethods,
  write(ws, batch) {
    writeThrough(rawWrite, plainSocketOf(ws), batch);
    return true;
  },
  bufferedAmount: (ws) => rawPendingBytes(plainSocketOf(ws)),
};

function isReceiving(ws: unknown): boolean {
  const { _receiver: receiver } = ws as WsInternals;
  if (!receiver) return false;
  // Between two frames nothing is buffered and the state is 0; of a fragmented message ws counts the fragments.
  return receiver._bufferedBytes > 0 || receiver._state !== 0 || receiver._fragmented !== 0;
}

interface WsInternals {
  readonly _receiver?: {
    readonly _bufferedBytes: number;
    readonly _state: number;
    readonly _fragmented: number;
  } | null;
  readonly _socket?: Socket;
  readonly _sender?: { readonly _queue?: readonly unknown[]; readonly _bufferedBytes?: number };
  readonly _extensions?: {
    readonly "permessage-deflate"?: { readonly params?: { readonly server_max_window_bits?: unknown } };
  };
}

/** The socket of a connection whose socket was found when it opened. */
function plainSocketOf(ws: unknown): Socket {
  return (ws as { readonly _socket: Socket })._socket;
}

/** The socket, unless `ws` still holds frames that must be written first. */
function idleSocketOf(ws: unknown): Socket | undefined {
  const { _socket: socket, _sender: sender } = ws as WsInternals;
  const isIdle = sender?._bufferedBytes === 0 && sender._queue?.length === 0;
  return isIdle ? socket : undefined;
}

/** Whether compression was negotiated, with the window size that all frames are compressed for. */
function canInflate(ws: unknown): boolean {
  const params = (ws as WsInternals)._extensions?.["permessage-deflate"]?.params;
  return params !== undefined && (params.server_max_window_bits ?? 15) === 15;
}

/** Below this number of characters, one copy costs less than several writes. */
const COPIED_CHARS = 4096;

function writeThrough(
  write: (socket: Socket, bytes: Uint8Array) => void,
  socket: Socket,
  batch: Batch,
): void {
  // Most long batches go to one connection, like its welcome and list of users: joining their frames would only cost a copy.
  if (batch.isShared || batch.length === 1 || batch.chars < COPIED_CHARS) write(socket, concatenated(batch));
  else {
    socket.cork();
    try {
      for (const frame of batch.frames()) socket.write(encode(frame));
    } finally {
      // Uncork even if a frame cannot be encoded, so that the close frame is sent.
      socket.uncork();
    }
  }
  if (batch.length > 1) batch.isShared = true;
}

function writeToStream(socket: Socket, bytes: Uint8Array): void {
  socket.write(bytes);
}

function concatenated(batch: Batch): Uint8Array {
  batch.concatenated ??= join(batch.frames());
  return batch.concatenated;
}

function join(frames: readonly OutboundFrame[]): Uint8Array {
  const [first] = frames;
  if (frames.length === 1 && first !== undefined) return encode(first);
  if (frames.every(({ isShared }) => !isShared))
    return encodeTextFrames(frames.map(textOf), Buffer.allocUnsafe);
  const parts = frames.map(encodedBytesOf);
  return parts.every((part) => typeof part === "string") ? encodeTextFrames(parts) : joinTextFrames(parts);
}

const textOf = ({ text }: OutboundFrame): string => text;

/** The bytes of a frame, which are encoded and kept when it is concatenated a second time; the first time, only its text. */
function encodedBytesOf(frame: OutboundFrame): Uint8Array | string {
  if (frame.encoded !== undefined) return frame.encoded;
  if (!frame.isShared) return frame.text;
  if (frame.wasConcatenated) return encode(frame);
  frame.wasConcatenated = true;
  return frame.text;
}

function joinedCompressed(batch: Batch, above: number): Uint8Array {
  batch.concatenatedCompressed ??= concat(
    batch.frames().map((frame) => (frame.text.length < above ? encode(frame) : compress(frame))),
  );
  return batch.concatenatedCompressed;
}

function encode(frame: OutboundFrame): Uint8Array {
  frame.encoded ??= encodeTextFrames([frame.text]);
  return frame.encoded;
}

function compress(frame: OutboundFrame): Uint8Array {
  frame.compressed ??= compressedTextFrame(frame.text);
  return frame.compressed;
}

function concat([first, ...rest]: readonly Uint8Array[]): Uint8Array {
  if (first === undefined) return new Uint8Array();
  return rest.length === 0 ? first : Buffer.concat([first, ...rest]);
}
