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
