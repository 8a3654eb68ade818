import { describe, expect, it } from "vitest";
import { bracketsOf, digestOf } from "./text-digest.ts";

describe("a digest", () => {
  it("is the same for the same text only", () => {
    const texts = ["", "a", "b", "ab", "ba", '{"seq":1}', '{"seq":2}', "[", "{", "x".repeat(60_000)];
    expect(new Set(texts.map(digestOf)).size).toBe(texts.length);
    expect(texts.map(digestOf)).toEqual(texts.map(digestOf));
  });

  it("knows how many opening brackets there are", () => {
    const every = String.fromCharCode(...Array.from({ length: 0x1000 }, (_, code) => code));
    const texts = ["", every, '{"a":[[1],{}]}', "[".repeat(33), "{".repeat(70_000)];
    expect(texts.map((text) => bracketsOf(digestOf(text)))).toEqual([0, 2, 4, 33, 70_000]);
  });

  it("is a number that is exact, for whatever text", () => {
    const digests = ["", "[".repeat(2 ** 21 + 1), "\uffff".repeat(1_000)].map(digestOf);
    expect(digests.every(Number.isSafeInteger)).toBe(true);
  });
});
