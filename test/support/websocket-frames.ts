// The WebSocket frame codec of the suites, written from RFC 6455 alone.
// The attacks and the fuzzer encode client frames with it, valid and invalid ones, and decode the server's frames.
// Encoding checks nothing: the frame has exactly the bits and the length that the options name.
import { randomBytes } from "node:crypto";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  /** @default OPCODE.text */
  readonly opcode?: number;
  /** @default no bytes */
  readonly payload?: string | Uint8Array;
  /** Whether the frame is the last one of its message. @default true */
  readonly fin?: boolean;
  /** The three reserved bits, as one number. @default 0 */
  readonly rsv?: number;
  /** Whether the frame has a mask, as every frame of a client must. @default true */
  readonly masked?: boolean;
  /** The four bytes of the mask. @default random bytes */
  readonly maskKey?: Uint8Array;
  /** The length in the header, in bytes. @default the payload's length */
  readonly length?: bigint;
}

export interface DecodedFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** The bytes of the whole frame, its header included. */
  readonly size: number;
}

export function encodeFrame(options: FrameOptions = {}): Buffer {
  const { opcode = OPCODE.text, fin = true, rsv = 0, masked = true } = options;
  const payload = Buffer.from(options.payload ?? "");
  const { length = BigInt(payload.length) } = options;
  const header = encodeHeader((fin ? 0x80 : 0) | (rsv << 4) | opcode, masked ? 0x80 : 0, length);
  if (!masked) return Buffer.concat([header, payload]);
  const key = options.maskKey ?? randomBytes(4);
  return Buffer.concat([header, key, payload.map((byte, index) => byte ^ (key[index % 4] ?? 0))]);
}

export function encodeCloseFrame(code: number, reason: string | Uint8Array = ""): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
  return encodeFrame({ opcode: OPCODE.close, payload });
}

/** Decodes the first frame of the bytes, without a mask, as servers send it; `undefined` until it is complete. */
export function decodeFrame(bytes: Buffer): DecodedFrame | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 127;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < start) return undefined;
  const length =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const size = start + length;
  if (bytes.length < size) return undefined;
  return { opcode: bytes.readUInt8(0) & 15, payload: bytes.subarray(start, size), size };
}

function encodeHeader(first: number, mask: number, length: bigint): Buffer {
  if (length < 126n) return Buffer.from([first, mask | Number(length)]);
  if (length < 65_536n) return Buffer.from([first, mask | 126, Number(length >> 8n), Number(length & 255n)]);
  const header = Buffer.alloc(10);
  header.set([first, mask | 127]);
  header.writeBigUInt64BE(length, 2);
  return header;
}
