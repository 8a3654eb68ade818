import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compressedTextFrame, joinTextFrames, encodeTextFrames } from "./frame-encoder.ts";

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
  it.each([0, 1, 125, 126, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 100_000])(
    "has a header that says %d bytes, and a payload of that length",
    (length) => {
      const text = "a".repeat(length);
      const { first, length: headerLength, payload } = headerOf(encodeTextFrames([text]));
      expect({ first, headerLength, text: payload.toString() === text }).toEqual({
        first: 0x81,
        headerLength: length,
        text: true,
      });
    },
  );

  it("has a header that counts bytes of UTF-8, not characters", () => {
    const { length, payload } = headerOf(encodeTextFrames(["é😀"]));
    expect(length).toBe(6);
    expect(payload.toString()).toBe("é😀");
  });
});

describe("the memory of a text frame", () => {
  it("is not shared with other frames when the frame is large", () => {
    const frame = encodeTextFrames(["a".repeat(2_000)]);
    expect(frame.buffer.byteLength).toBe(frame.length);
    const joined = joinTextFrames(["a".repeat(600), "b".repeat(600)]);
    expect(joined.buffer.byteLength).toBe(joined.length);
  });
});

describe("several text frames in one buffer", () => {
  const ascii = ["", "a", "b".repeat(125), "c".repeat(126), "d".repeat(200), "e".repeat(40_000)];

  it.each([
    ["ASCII", ascii],
    ["ASCII and more than 64 KiB", [...ascii, "f".repeat(70_000)]],
    ["Latin-1", ["a", "é".repeat(63), "\u0081".repeat(200)]],
    ["anything", [...ascii, "é😀", "g"]],
  ])("are the concatenated bytes of each frame for %s", (_, texts) => {
    const whole = Buffer.concat(texts.map((text) => encodeTextFrames([text])));
    expect(whole.equals(encodeTextFrames(texts))).toBe(true);
    let at = 0;
    for (const text of texts) {
      const { length, payload } = headerOf(whole.subarray(at));
      expect(payload.subarray(0, length).toString() === text).toBe(true);
      at = whole.length - payload.length + length;
    }
    expect(at).toBe(whole.length);
  });
});

describe("a compressed text frame", () => {
  it.each(["x", "é😀", "halyard ".repeat(1_000)])("inflates to its text, case %#", (text) => {
    const { first, length, payload } = headerOf(compressedTextFrame(text));
    expect(first).toBe(0xc1);
    expect(length).toBe(payload.length);
    const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
    expect(inflateRawSync(whole, { finishFlush: 2 }).toString()).toBe(text);
  });
});
