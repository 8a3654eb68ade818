// WebSocket frames of the fuzzer: complete, fragmented, unusual and broken ones.
// `FrameSource` picks among them; the same random numbers give the same bytes.
import { encodeFrame, OPCODE } from "../support/websocket-frames.ts";
import type { SeededRandom } from "./seeded-random.ts";

const {
  binary: BINARY,
  close: CLOSE,
  continuation: CONTINUATION,
  ping: PING,
  pong: PONG,
  text: TEXT,
} = OPCODE;

/** Masking with zeros changes nothing: the bytes of a run depend on its seed only. */
const ZERO_KEY = Buffer.alloc(4);

/** One frame of a client. */
export function frameOf(payload: Buffer, opcode: number = TEXT, fin = true): Buffer {
  return encodeFrame({ payload, opcode, fin, maskKey: ZERO_KEY });
}

export function pingOf(payload: string): Buffer {
  return frameOf(Buffer.from(payload), PING);
}

/** One message in up to five frames, with a ping between some of them. */
export function fragmentsOf(payload: Buffer, random: SeededRandom): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  for (let count = 1 + random.below(5); count > 0; count--) {
    const end = count === 1 ? payload.length : start + random.below(payload.length - start + 1);
    const opcode = parts.length === 0 ? TEXT : CONTINUATION;
    parts.push(frameOf(payload.subarray(start, end), opcode, count === 1));
    if (count > 1 && random.chance(0.3)) parts.push(frameOf(random.bytes(random.below(20)), PING));
    start = end;
  }
  return Buffer.concat(parts);
}

/** A valid frame that is no text. */
export function otherFrame(random: SeededRandom): Buffer {
  return random.pick([
    () => frameOf(random.bytes(random.below(126)), PING),
    () => frameOf(random.bytes(random.below(126)), PONG),
    () => frameOf(random.bytes(random.below(300)), BINARY),
    () => closeFrame(random),
  ])();
}

/** An invalid or unfinished frame. The server may wait for its end, so the connection sends nothing after it. */
export function brokenFrame(random: SeededRandom): Buffer {
  return random.pick([
    () => random.bytes(1 + random.below(200)),
    () => Buffer.from([0x80 | random.below(16), random.below(128), ...random.bytes(8)]), // without a mask
    () => Buffer.from([random.below(256), 0x80 | random.below(126), ...random.bytes(130)]),
    () => headerWithoutPayload(random),
    () => frameOf(random.bytes(random.below(50)), random.pick([3, 4, 7, 11, 15])),
    () => frameOf(random.bytes(random.below(50)), CONTINUATION),
    () => frameOf(random.bytes(126), PING),
    () => frameOf(Buffer.from("{"), TEXT, false),
    () => frameOf(Buffer.concat([Buffer.from('{"type":"'), random.bytes(30)]), TEXT),
    () =>
      Buffer.concat(
        Array.from({ length: 200 }, (_, n) => frameOf(Buffer.alloc(0), n === 0 ? TEXT : CONTINUATION, false)),
      ),
  ])();
}

function closeFrame(random: SeededRandom): Buffer {
  const body = Buffer.concat([Buffer.alloc(2), random.bytes(random.below(100))]);
  body.writeUInt16BE(random.pick([0, 999, 1000, 1001, 1005, 1006, 1015, 3000, 4000, 4999, 5000, 65_535]));
  return frameOf(random.pick([body, body.subarray(0, 1), body.subarray(0, 2), Buffer.alloc(0)]), CLOSE);
}

/** The header of a frame with a length of eight bytes, and no payload. */
function headerWithoutPayload(random: SeededRandom): Buffer {
  const header = Buffer.alloc(14);
  header.set([0x80 | TEXT, 0x80 | 127]);
  header.writeBigUInt64BE(random.pick([2n ** 63n, 2n ** 31n, 2n ** 32n + 1n, 1_048_577n, 65_537n, 10n]), 2);
  return header;
}
