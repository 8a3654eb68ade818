import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compressedTextFrame, joinTextFrames, textFrame } from "./frame-bytes.js";

function headerOf(frame: Uint8Array): {
  readonly first: number;
  readonly length: number;
  readonly payload: Buffer;
} {
  const buffer = Buffer.from(frame);
  const short = buffer.readUInt8(1);
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  const length =
    start === 2 ? short : start === 4 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
  return { first: buffer.readUInt8(0), length, payload: buffer.subarray(start) };
}

describe("a text frame", () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 100_000])("says that it has %d bytes, and has them", (length) => {
    const text = "a".repeat(length);
    const { first, length: said, payload } = headerOf(textFrame(text));
    expect({ first, said, text: payload.toString() === text }).toEqual({
      first: 0x81,
      said: length,
      text: true,
    });
  });

  it("counts bytes of UTF-8, not characters", () => {
    const { length, payload } = headerOf(textFrame("é😀"));
    expect(length).toBe(6);
    expect(payload.toString()).toBe("é😀");
  });
});

describe("the memory of a text frame", () => {
  it("is its own when it is large: a reader that does not read it keeps nothing else alive", () => {
    const frame = textFrame("a".repeat(2_000));
    expect(frame.buffer.byteLength).toBe(frame.length);
    const joined = joinTextFrames(["a".repeat(600), "b".repeat(600)]);
    expect(joined.buffer.byteLength).toBe(joined.length);
  });
});

describe("text frames in one piece", () => {
  it("are the bytes of each, made before or not", () => {
    const texts = ["", "a", "é😀", "b".repeat(125), "é".repeat(63), "c".repeat(70_000), "d".repeat(40_000)];
    const whole = Buffer.concat(texts.map(textFrame));
    expect(whole.equals(joinTextFrames(texts))).toBe(true);
    const mixed = texts.map((text, index) => (index % 2 === 0 ? text : textFrame(text)));
    expect(whole.equals(joinTextFrames(mixed))).toBe(true);
  });
});

describe("a compressed text frame", () => {
  it.each(["x", "é😀", "halyard ".repeat(1_000)])("inflates to its text", (text) => {
    const { first, length, payload } = headerOf(compressedTextFrame(text));
    expect(first).toBe(0xc1);
    expect(length).toBe(payload.length);
    const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
    expect(inflateRawSync(whole, { finishFlush: 2 }).toString()).toBe(text);
  });
});
