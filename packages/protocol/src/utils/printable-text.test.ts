import { describe, expect, it } from "vitest";
import { printable, printableAscii } from "./printable-text.ts";

describe("printable", () => {
  it.each([
    ["Ärger in 東京 😀", "Ärger in 東京 😀"],
    ["a\r\nb\0", String.raw`a\u{d}\nb\u{0}`],
    ["\u001b[31m\u009b1m", String.raw`\u{1b}[31m\u{9b}1m`],
    ["\u2028\u2029\u202e\ufeff", String.raw`\u{2028}\u{2029}\u{202e}\u{feff}`],
    ["\ud800x", String.raw`\u{d800}x`],
  ])("writes %j with its visible characters as they are, and the others as escapes", (text, shown) => {
    expect(printable(text, 100)).toBe(shown);
  });

  it("is never longer than the given length, also where escapes are longer than the text", () => {
    expect(printable("\n".repeat(100), 64)).toBe("\\n".repeat(32));
    expect(printable("x".repeat(100), 64)).toBe("x".repeat(64));
  });
});

describe("printableAscii", () => {
  it("writes a question mark for everything but visible ASCII and the blank", () => {
    expect(printableAscii("https://a b.example\r\n\0\u007f\u202eé😀", 100)).toBe(
      "https://a b.example????????",
    );
  });

  it("is never longer than the given length", () => {
    expect(printableAscii("x".repeat(100), 64)).toBe("x".repeat(64));
  });
});
