import { constants, deflateRawSync } from "node:zlib";

const TEXT = 0x81;
/** A text frame whose payload is compressed: RSV1 (RFC 7692, section 7.2.1). */
const COMPRESSED_TEXT = 0xc1;

/**
 * Whole, unmasked text frames in one piece (RFC 6455, section 5.2).
 *
 * @param take where the memory comes from; Node's own pool is quickest for what one connection gets and is soon gone
 */
export function encodeTextFrames(texts: readonly string[], take = allocate): Uint8Array {
  let asciiFrames = "";
  let utf8Frames = 0;
  for (const text of texts) {
    const { length } = text;
    if (length > 0xffff) return joinTextFrames(texts);
    asciiFrames += (SHORT_HEADERS[length] ?? longHeader(length)) + text;
    utf8Frames += length < 126 ? 1 : 1 + ((length >> 15) & 1) + ((length >> 7) & 1);
  }
  // Where all text is ASCII, a character is a byte and a head is text too: all of it is encoded by one call. In UTF-8
  // the bytes of a head above 127 would be two each, and every other byte more is of a text that is not ASCII.
  if (Buffer.byteLength(asciiFrames) !== asciiFrames.length + utf8Frames) return joinTextFrames(texts);
  const bytes = take(asciiFrames.length);
  bytes.write(asciiFrames, "latin1");
  return bytes;
}

const SHORT_HEADERS: readonly string[] = Array.from({ length: 126 }, (_, length) =>
  String.fromCharCode(TEXT, length),
);

function longHeader(length: number): string {
  return String.fromCharCode(TEXT, 126, length >> 8, length & 0xff);
}

/** The same, where some are made already: those are copied, and the texts of the others go to their places. */
export function joinTextFrames(parts: readonly (Uint8Array | string)[]): Uint8Array {
  const lengths: number[] = [];
  let asciiFrames = 0;
  for (const part of parts) {
    const length = typeof part === "string" ? Buffer.byteLength(part) : part.length;
    lengths.push(length);
    asciiFrames += typeof part === "string" ? headerLength(length) + length : length;
  }
  const bytes = allocate(asciiFrames);
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

/**
 * A text frame, compressed without context takeover: it depends on nothing that was sent before, so it is made once for
 * all its readers.
 */
export function compressedTextFrame(text: string): Uint8Array {
  const flushed = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  // The empty block that a sync flush ends with is left out on the wire.
  const payload = flushed.subarray(0, -4);
  const { length } = payload;
  const frame = allocate(headerLength(length) + length);
  frame.set(payload, writeHeader(frame, 0, { firstByte: COMPRESSED_TEXT, length }));
  return frame;
}

const POOLED_BYTES = 1024;

/** Small ones share a piece of memory. A larger one would keep half of such a piece alive while a slow reader has it. */
function allocate(size: number): Buffer {
  return size < POOLED_BYTES ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size);
}

function headerLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** @returns where the payload begins */
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
