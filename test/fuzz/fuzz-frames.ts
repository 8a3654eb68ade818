import type { Dice } from "./seeded-random.ts";

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A frame of a client: masked, as RFC 6455 asks. */
export function frameOf(payload: Buffer, opcode = TEXT, isFinal = true): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  if (length < 126) head[1] = 0x80 | length;
  else if (length < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  // The mask stays zero: masking with it changes nothing.
  return Buffer.concat([head, payload]);
}

export function pingOf(payload: string): Buffer {
  return frameOf(Buffer.from(payload), PING);
}

/** One message in several frames, with a ping between them now and then. */
export function fragmentsOf(payload: Buffer, dice: Dice): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  for (let count = 1 + dice.below(5); count > 0; count--) {
    const end = count === 1 ? payload.length : start + dice.below(payload.length - start + 1);
    parts.push(frameOf(payload.subarray(start, end), parts.length === 0 ? TEXT : 0, count === 1));
    if (count > 1 && dice.chance(0.3)) parts.push(frameOf(dice.bytes(dice.below(20)), PING));
    start = end;
  }
  return Buffer.concat(parts);
}

/** Frames that are valid, and are not text. */
export function otherFrame(dice: Dice): Buffer {
  return dice.pick([
    () => frameOf(dice.bytes(dice.below(126)), PING),
    () => frameOf(dice.bytes(dice.below(126)), PONG),
    () => frameOf(dice.bytes(dice.below(300)), BINARY),
    () => closeFrame(dice),
  ])();
}

/** What is no frame, or no end of one. A server may wait for the rest of it, so nothing is sent after it. */
export function brokenFrame(dice: Dice): Buffer {
  return dice.pick([
    () => dice.bytes(1 + dice.below(200)),
    () => Buffer.from([0x80 | dice.below(16), dice.below(128), ...dice.bytes(8)]), // without a mask
    () => Buffer.from([dice.below(256), 0x80 | dice.below(126), ...dice.bytes(130)]),
    () => lengthOnly(dice),
    () => frameOf(dice.bytes(dice.below(50)), dice.pick([3, 4, 7, 11, 15])),
    () => frameOf(dice.bytes(dice.below(50)), 0),
    () => frameOf(dice.bytes(126), PING),
    () => frameOf(Buffer.from("{"), TEXT, false),
    () => frameOf(Buffer.concat([Buffer.from('{"type":"'), dice.bytes(30)]), TEXT),
    () =>
      Buffer.concat(
        Array.from({ length: 200 }, (_, n) => frameOf(Buffer.alloc(0), n === 0 ? TEXT : 0, false)),
      ),
  ])();
}

function closeFrame(dice: Dice): Buffer {
  const body = Buffer.concat([Buffer.alloc(2), dice.bytes(dice.below(100))]);
  body.writeUInt16BE(dice.pick([0, 999, 1000, 1001, 1005, 1006, 1015, 3000, 4000, 4999, 5000, 65_535]));
  return frameOf(dice.pick([body, body.subarray(0, 1), body.subarray(0, 2), Buffer.alloc(0)]), CLOSE);
}

/** A head that promises a body, and none. */
function lengthOnly(dice: Dice): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x80 | TEXT;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(dice.pick([2n ** 63n, 2n ** 31n, 2n ** 32n + 1n, 1_048_577n, 65_537n, 10n]), 2);
  return head;
}
