import { afterEach, expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";

const system = new TestSystem();
afterEach(() => system.expectToEndCleanly());

it.each([
  ["no text", undefined as never],
  ["empty", ""],
  ["longer than 900 bytes", "x".repeat(901)],
  ["with half of a surrogate pair", "ada\ud800"],
])("sendToUser throws a TypeError at once for an id that no user can have: one that is %s", (_, id) => {
  const message = { type: "announcement", message: "Hello" } as const;
  expect(() => system.manager.sendToUser(id, message)).toThrow(
    new TypeError("a message to a user needs the user's id, a text of 1 to 900 bytes"),
  );
});
