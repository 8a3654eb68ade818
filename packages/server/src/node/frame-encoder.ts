// Encodes texts as WebSocket frames of a server (RFC 6455, section 5.2).
// Called by node-transport.ts.
// Guarantees: each frame is complete and unmasked; a large frame has its own memory.
import { constants, deflateRawSync } from "node:zlib";

const TEXT = 0x81;
/** A text frame whose payload is compressed: RSV1 (RFC 7692, section 7.2.1). */
const COMPRESSED_TEXT = 0xc1;

/**
 * Encodes several text frames into one buffer.
 *
 * @param allocateBytes Node's own pool is fastest for bytes that go to one connection and are soon released
 */
export function encodeTextFrames(texts: readonly string[], allocateBytes = allocate): Uint8Array {
  let asciiFrames = "";
  let extraUtf8Bytes = 0;
  for (const text of texts) {
    const { length } = text;
    if (length > 0xffff) return joinTextFrames(texts);
    asciiFrames += (SHORT_HEADERS[length] ?? longHeader(length)) + text;
    extraUtf8Bytes += length < 126 ? 1 : 1 + ((length >> 15) & 1) + ((length >> 7) & 1);
  }
  // If all texts are ASCII, every character of texts and headers is one Latin-1 byte, and one call encodes everything.
  // In UTF-8 each header byte above 127 takes one extra byte; any other extra byte comes from a text that is not ASCII.
  if (Buffer.byteLength(asciiFrames) !== asciiFrames.length + extraUtf8Bytes) return joinTextFrames(texts);
  const bytes = allocateBytes(asciiFrames.length);
  bytes.write(asciiFrames, "latin1");
  return bytes;
}

const SHORT_HEADERS: readonly string[] = Array.from({ length: 126 }, (_, length) =>
  String.fromCharCode(TEXT, length),
);

function longHeader(length: number): string {
  return String.fromCharCode(TEXT, 126, length >> 8, length & 0xff);
}

/** Like {@link encodeTextFrames}, with some frames already encoded: their bytes are copied, and the other texts are encoded. */
export function joinTextFrames(parts: readonly (Uint8Array | string)[]): Uint8Array {
  const lengths: number[] = [];
  let totalBytes = 0;
  for (const part of parts) {
    const length = typeof part === "string" ? Buffer.byteLength(part) : part.length;
    lengths.push(length);
    totalBytes += typeof part === "string" ? headerLength(length) + length : length;
  }
  const bytes = allocate(totalBytes);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const length = lengths[index] ?? 0;
    if (typeof part === "string") {
      at = writeHeader(bytes, at, { firstByte: TEXT, length });
      bytes.write(part, at);
    } else bytes.set(part, at);
    at += length;
  }
  return bytes;
}

/** A text frame, compressed without context takeover. It is independent of earlier frames, so all recipients can share it. */
export function compressedTextFrame(text: string): Uint8Array {
  const flushed = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  // The wire format omits the empty block at the end of a sync flush.
  const payload = flushed.subarray(0, -4);
  const { length } = payload;
  const frame = allocate(headerLength(length) + length);
  frame.set(payload, writeHeader(frame, 0, { firstByte: COMPRESSED_TEXT, length }));
  return frame;
}

const POOLED_BYTES = 1024;

/** Only small frames share memory: a larger one would keep half a pool alive while it waits for a slow reader. */
function allocate(size: number): Buffer {
  return size < POOLED_BYTES ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size);
}

function headerLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** @returns the index of the payload */
function writeHeader(
  bytes: Buffer,
  at: number,
  { firstByte, length }: { readonly firstByte: number; readonly length: number },
): number {
  bytes[at] = firstByte;
  if (length < 126) {
    bytes[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    bytes[at + 1] = 126;
    return bytes.writeUInt16BE(length, at + 2);
  }
  bytes[at + 1] = 127;
  return bytes.writeBigUInt64BE(BigInt(length), at + 2);
}
