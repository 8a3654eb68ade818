import { describe, expect, it } from "vitest";
import { digestOf } from "./text-digest.ts";

const hashOf = (text: string): number => digestOf(text).hash;

describe("the digest of a text", () => {
  it("has the same hash for the same text only", () => {
    const texts = ["", "a", "b", "ab", "ba", '{"seq":1}', '{"seq":2}', "[", "{", "x".repeat(60_000)];
    expect(new Set(texts.map(hashOf)).size).toBe(texts.length);
    expect(texts.map(hashOf)).toEqual(texts.map(hashOf));
  });

  it("counts the opening brackets and braces of the text", () => {
    const every = String.fromCharCode(...Array.from({ length: 0x1000 }, (_, code) => code));
    const texts = ["", every, '{"a":[[1],{}]}', "[".repeat(33), "{".repeat(70_000)];
    expect(texts.map((text) => digestOf(text).brackets)).toEqual([0, 2, 4, 33, 70_000]);
  });

  it("has a hash that is a safe integer, for every text", () => {
    const hashes = ["", "[".repeat(2 ** 21 + 1), "\uffff".repeat(1_000)].map(hashOf);
    expect(hashes.every(Number.isSafeInteger)).toBe(true);
  });
});
