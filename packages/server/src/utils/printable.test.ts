import { describe, expect, it } from "vitest";
import { printable } from "./printable.ts";

describe("printable", () => {
  it.each([
    ["Ärger in 東京 😀", "Ärger in 東京 😀"],
    ["a\r\nb\0", String.raw`a\u{d}\nb\u{0}`],
    ["\u001b[31m\u009b1m", String.raw`\u{1b}[31m\u{9b}1m`],
    ["\u2028\u2029\u202e\ufeff", String.raw`\u{2028}\u{2029}\u{202e}\u{feff}`],
    ["\ud800x", String.raw`\u{d800}x`],
  ])("escapes the invisible characters of %j, and no others", (text, shown) => {
    expect(printable(text, 100)).toBe(shown);
  });

  it("cuts a text to the given length, escapes included", () => {
    expect(printable("\n".repeat(100), 64)).toBe("\\n".repeat(32));
    expect(printable("x".repeat(100), 64)).toBe("x".repeat(64));
  });
});
