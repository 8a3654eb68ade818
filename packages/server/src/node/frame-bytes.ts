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
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = firstByte;
  if (start === 2) frame[1] = length;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  return { frame, start };
}
