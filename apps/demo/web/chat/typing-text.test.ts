import { expect, test } from "vitest";
import { typingText } from "./typing-text.ts";

test.each([
  [[], ""],
  [["Ada"], "Ada is typing…"],
  [["Ada", "Bob"], "Ada and Bob are typing…"],
  [["Ada", "Bob", "Cy"], "Ada and 2 others are typing…"],
])("typingText of %j is: %s", (names, text) => {
  expect(typingText(names)).toBe(text);
});
