import { expect, it } from "vitest";
import { isUserId } from "./socket-data.ts";

it.each([
  ["a letter", "a", true],
  ["900 characters of one byte", "i".repeat(900), true],
  ["901 characters", "i".repeat(901), false],
  ["150 control characters, six bytes of JSON each", "\u0001".repeat(150), true],
  ["151 control characters", "\u0001".repeat(151), false],
  ["a whole surrogate pair", "😀", true],
  // On Redis, whose keys are UTF-8, all such ids would be one user.
  ["the first half of a surrogate pair", "a\ud800", false],
  ["the second half of a surrogate pair", "\udc00a", false],
  ["no text", "", false],
  ["a number", 1, false],
])("takes or refuses %s as the id of a user", (_, id, isTaken) => {
  expect(isUserId(id)).toBe(isTaken);
});
