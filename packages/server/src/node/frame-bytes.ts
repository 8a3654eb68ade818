import { constants, deflateRawSync } from "node:zlib";

const TEXT = 0x81;
/** A text frame whose payload is compressed: RSV1 (RFC 7692, section 7.2.1). */
const COMPRESSED_TEXT = 0xc1;

/** Whole, unmasked text frames in one piece (RFC 6455, section 5.2). */
export function textFrames(texts: readonly string[]): Uint8Array {
  let whole = "";
  let doubled = 0;
  for (const text of texts) {
    const { length } = text;
    if (length > 0xffff) return joinEach(texts);
    whole += (SHORT_HEADS[length] ?? longHead(length)) + text;
    doubled += length < 126 ? 1 : 1 + ((length >> 15) & 1) + ((length >> 7) & 1);
  }
  // Where all text is ASCII, a character is a byte and a head is text too: all of it is encoded by one call. In UTF-8
  // the bytes of a head above 127 would be two each, and every other byte more is of a text that is not ASCII.
  return Buffer.byteLength(whole) === whole.length + doubled ? Buffer.from(whole, "latin1") : joinEach(texts);
}

const SHORT_HEADS: readonly string[] = Array.from({ length: 126 }, (_, length) =>
  String.fromCharCode(TEXT, length),
);

function longHead(length: number): string {
  return String.fromCharCode(TEXT, 126, length >> 8, length & 0xff);
}

function joinEach(texts: readonly string[]): Uint8Array {
  const frames = texts.map((text) => {
    const { frame, start } = frameOf(TEXT, Buffer.byteLength(text));
    frame.write(text, start);
    return frame;
  });
  const [first] = frames;
  return first !== undefined && frames.length === 1 ? first : Buffer.concat(frames);
}

/**
 * A text frame, compressed without context takeover: it depends on nothing that was sent before, so it is made once for
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
  frame[1] = start === 2 ? length : start === 4 ? 126 : 127;
  if (start === 4) frame.writeUInt16BE(length, 2);
  if (start === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  return { frame, start };
}
