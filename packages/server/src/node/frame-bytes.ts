import { constants, deflateRawSync } from "node:zlib";

const TEXT = 0x81;
/** A text frame whose payload is compressed: RSV1 (RFC 7692, section 7.2.1). */
const COMPRESSED_TEXT = 0xc1;

/** A whole, unmasked text frame (RFC 6455, section 5.2). */
export function textFrame(text: string): Uint8Array {
  const length = Buffer.byteLength(text);
  const { frame, start } = frameOf(TEXT, length);
  frame.write(text, start);
  return frame;
}

/** Text frames in one piece: those that are made already are copied, the texts of the others go to their places. */
export function joinTextFrames(parts: readonly (Uint8Array | string)[]): Uint8Array {
  const lengths: number[] = [];
  let whole = 0;
  for (const part of parts) {
    const length = typeof part === "string" ? Buffer.byteLength(part) : part.length;
    lengths.push(length);
    whole += typeof part === "string" ? headLength(length) + length : length;
  }
  const bytes = allocate(whole);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const length = lengths[index] ?? 0;
    if (typeof part === "string") {
      at = writeHead(bytes, at, { firstByte: TEXT, length });
      bytes.write(part, at);
    } else bytes.set(part, at);
    at += length;
  }
  return bytes;
}

/**
 * The same, compressed without context takeover: it depends on nothing that was sent before, so it is made once for
 * all its readers.
 */
export function compressedTextFrame(text: string): Uint8Array {
  const flushed = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  // The empty block that a sync flush ends with is left out on the wire.
  const payload = flushed.subarray(0, -4);
  const { frame, start } = frameOf(COMPRESSED_TEXT, payload.length);
  frame.set(payload, start);
  return frame;
}

function frameOf(firstByte: number, length: number): { readonly frame: Buffer; readonly start: number } {
  const frame = allocate(headLength(length) + length);
  return { frame, start: writeHead(frame, 0, { firstByte, length }) };
}

const POOLED_BYTES = 1024;

/** Small ones share a piece of memory. A larger one would keep half of such a piece alive while a slow reader has it. */
function allocate(size: number): Buffer {
  return size < POOLED_BYTES ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size);
}

function headLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** @returns where the payload begins */
function writeHead(
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
