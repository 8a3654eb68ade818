import { expect, test } from "vitest";
import { displayName } from "./display-name.ts";

test.each([
  ["  Ada   Lovelace ", "Ada Lovelace"],
  ["Ada\u202eecila", "Adaecila"],
  ["A\u200bda\n", "Ada"],
  ["Łukasz Ünsal", "Łukasz Ünsal"],
  ["x".repeat(99), "x".repeat(40)],
  [" \u200b ", undefined],
  ["", undefined],
  [7, undefined],
])("displayName turns %j into %j", (given, shown) => {
  expect(displayName(given)).toBe(shown);
});

test("displayName composes no more of a long text than a name needs", () => {
  const startedAt = performance.now();
  expect(displayName(`a${"\u0301\u0316".repeat(16_000)}`)).toBe(`á${"\u0316".repeat(39)}`);
  expect(performance.now() - startedAt).toBeLessThan(500);
});
