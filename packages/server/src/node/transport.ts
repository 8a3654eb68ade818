import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Batch, Frame } from "../frame.js";
import type { Transport } from "../transport.js";

/**
 * Writes to the socket below `ws`: each frame is encoded once for all its readers, and what one connection gets in a
 * turn is one write. Leans on two fields of `ws` that are not documented, so it looks for them, and falls back to
 * `send` where they are not as expected.
 */
export const nodeTransport: Transport = {
  write(ws, batch) {
    const socket = socketOf(ws);
    if (socket === undefined) for (const frame of batch.frames()) ws.send(frame.text);
    else socket.write(joined(batch));
    return true;
  },
  bufferedAmount: (ws) => (ws as unknown as WebSocket).bufferedAmount,
  ping: (ws) => {
    (ws as unknown as WebSocket).ping();
  },
  terminate: (ws) => {
    (ws as unknown as WebSocket).terminate();
  },
};

interface SenderState {
  readonly _queue?: readonly unknown[];
  readonly _bufferedBytes?: number;
}

/** The raw socket, unless `ws` itself still holds frames that must go first. */
function socketOf(ws: unknown): Socket | undefined {
  const { _socket: socket, _sender: sender } = ws as {
    readonly _socket?: Socket;
    readonly _sender?: SenderState;
  };
  const isIdle = sender?._bufferedBytes === 0 && sender._queue?.length === 0;
  return isIdle ? socket : undefined;
}

function joined(batch: Batch): Uint8Array {
  if (batch.joined !== undefined) return batch.joined;
  const encoded = batch.frames().map(encode);
  batch.joined = encoded.length === 1 ? (encoded[0] ?? new Uint8Array()) : Buffer.concat(encoded);
  return batch.joined;
}

function encode(frame: Frame): Uint8Array {
  frame.encoded ??= encodeText(frame.text);
  return frame.encoded;
}

/** A whole, unmasked text frame (RFC 6455, section 5.2). */
function encodeText(text: string): Uint8Array {
  const length = Buffer.byteLength(text);
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const encoded = Buffer.allocUnsafe(start + length);
  encoded[0] = 0x81;
  if (start === 2) encoded[1] = length;
  else if (start === 4) {
    encoded[1] = 126;
    encoded.writeUInt16BE(length, 2);
  } else {
    encoded[1] = 127;
    encoded.writeBigUInt64BE(BigInt(length), 2);
  }
  encoded.write(text, start);
  return encoded;
}
