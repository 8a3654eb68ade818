import { describe, expect, it } from "vitest";
import { truncateCloseReason, truncateUtf8 } from "./text.ts";

describe("truncateCloseReason", () => {
  it.each([
    ["a short reason", "a short reason"],
    ["x".repeat(124), "x".repeat(123)],
    ["€".repeat(42), "€".repeat(41)],
    ["😀".repeat(31), "😀".repeat(30)],
  ])("cuts %j to whole characters of at most 123 bytes", (reason, expected) => {
    expect(truncateCloseReason(reason)).toBe(expected);
  });
});

describe("truncateUtf8", () => {
  it("returns a text within both bounds as it is", () => {
    expect(truncateUtf8("abc", { length: 3, bytes: 5 })).toBe("abc");
  });

  it("cuts a longer text to the number of characters, and marks the cut", () => {
    expect(truncateUtf8("abcd", { length: 3, bytes: 100 })).toBe("ab…");
  });

  it("cuts a text to the number of JSON bytes", () => {
    const text = truncateUtf8("\0".repeat(50), { length: 60, bytes: 120 });
    expect(new TextEncoder().encode(JSON.stringify(text)).length).toBeLessThanOrEqual(120);
    expect(text.endsWith("…")).toBe(true);
  });
});
