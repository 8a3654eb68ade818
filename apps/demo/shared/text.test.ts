import { expect, test } from "vitest";
import { isVisible } from "./text.ts";

test.each(["a", "👩‍👩‍👧", "…", "🏳️", " x "])("isVisible accepts %j", (text) => {
  expect(isVisible(text)).toBe(true);
});

test.each(["", "  \n\t", "\u200b", "\u200d\ufe0f", "\u2060\u00ad", "\u3164", "\u2800", "\u202e\u2066"])(
  "[demo 10] isVisible rejects %j, which shows nothing",
  (text) => {
    expect(isVisible(text)).toBe(false);
  },
);
