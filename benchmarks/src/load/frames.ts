/**
 * The frame codec of the load: encodes masked frames, and finds the frames of the server by their headers.
 * Unlike the other codecs of this repository, it copies no payload and creates no object per frame.
 */

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** Encodes a frame. All frames have the same mask, which changes nothing for a server. */
export function clientFrame(payload: Uint8Array, opcode: number = OPCODE.text): Buffer {
  const { length } = payload;
  const start = (length < 126 ? 2 : length < 65_536 ? 4 : 10) + 4;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x80 | opcode;
  if (start === 6) frame[1] = 0x80 | length;
  else if (start === 8) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  MASK.copy(frame, start - 4);
  for (let index = 0; index < length; index++)
    frame[start + index] = (payload[index] ?? 0) ^ (MASK[index & 3] ?? 0);
  return frame;
}

export function textFrame(text: string): Buffer {
  return clientFrame(Buffer.from(text));
}

export const CLOSE_FRAME = clientFrame(Buffer.from([0x03, 0xe8]), OPCODE.close);

/** The digits in a template that each frame replaces by its number. */
export const NUMBER = "1000000";

/** Copies an encoded frame and replaces one number in each copy, which is faster than encoding each frame. */
export class FrameTemplate {
  readonly #frame: Buffer;
  readonly #digitsAt: number;
  readonly #payloadAt: number;
  #number = Number(NUMBER);

  /** @param text contains {@link NUMBER} */
  constructor(text: string) {
    const payload = Buffer.from(text);
    this.#frame = clientFrame(payload);
    this.#payloadAt = this.#frame.length - payload.length;
    this.#digitsAt = this.#payloadAt + payload.indexOf(NUMBER);
  }

  /** @returns the given number of frames in one buffer */
  make(count: number): Buffer {
    const { length } = this.#frame;
    const frames = Buffer.allocUnsafe(count * length);
    for (let at = 0; at < frames.length; at += length) {
      this.#frame.copy(frames, at);
      let rest = this.#number++;
      for (let digit = this.#digitsAt + NUMBER.length - 1; digit >= this.#digitsAt; digit--) {
        frames[at + digit] = (0x30 + (rest % 10)) ^ (MASK[(digit - this.#payloadAt) & 3] ?? 0);
        rest = Math.floor(rest / 10);
      }
    }
    return frames;
  }
}

export interface FrameEvents {
  /**
   * Called when a text frame begins.
   *
   * @param available the bytes of its payload in this read, from `at` on; later reads have the rest
   */
  onText(bytes: Buffer, at: number, available: number): void;
  /** @param payload the part of it in the same read as its header */
  onControl(opcode: number, payload: Buffer): void;
}

/** Finds the frames in the reads of one connection. */
export class FrameReader {
  /** The number of complete text frames. */
  texts = 0;
  readonly #events: FrameEvents;
  #left = 0;
  #isText = false;
  #head: Buffer | undefined;

  constructor(events: FrameEvents) {
    this.#events = events;
  }

  read(bytes: Buffer, length: number): void {
    let at = 0;
    if (this.#head !== undefined) {
      const whole = Buffer.concat([this.#head, bytes.subarray(0, length)]);
      this.#head = undefined;
      this.read(whole, whole.length);
      return;
    }
    while (at < length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0 && this.#isText) this.texts++;
        continue;
      }
      const start = at + headLength(bytes, at, length);
      if (start > length) {
        this.#head = Buffer.from(bytes.subarray(at, length));
        return;
      }
      this.#begin(bytes, at, Math.min(length, start + (this.#left = payloadLength(bytes, at))) - start);
      at = start;
    }
  }

  #begin(bytes: Buffer, at: number, available: number): void {
    const opcode = (bytes[at] ?? 0) & 15;
    const start = at + headLength(bytes, at, bytes.length);
    this.#isText = opcode <= 2;
    if (!this.#isText) this.#events.onControl(opcode, bytes.subarray(start, start + available));
    else {
      this.#events.onText(bytes, start, available);
      if (this.#left === 0) this.texts++;
    }
  }
}

/** The length of the header of a frame; more than the available bytes if the header is incomplete. */
function headLength(bytes: Buffer, at: number, length: number): number {
  if (at + 2 > length) return 2;
  const short = (bytes[at + 1] ?? 0) & 127;
  return short < 126 ? 2 : short === 126 ? 4 : 10;
}

function payloadLength(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] ?? 0) & 127;
  if (short < 126) return short;
  return short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}
