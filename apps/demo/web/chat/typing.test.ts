import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createTypingList, typingText } from "./typing.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("createTypingList", () => {
  test("removes a user whose indicator was not repeated for six seconds", () => {
    const typing = createTypingList();
    typing.update("ada", true);
    vi.advanceTimersByTime(4_000);
    typing.update("ada", true);
    typing.update("bob", true);
    vi.advanceTimersByTime(5_999);
    expect(typing.userIds.get()).toEqual(["ada", "bob"]);
    vi.advanceTimersByTime(1);
    expect(typing.userIds.get()).toEqual([]);
  });

  test("keeps the identity of the list while the same users are typing", () => {
    const typing = createTypingList();
    typing.update("ada", true);
    const before = typing.userIds.get();
    typing.update("ada", true);
    typing.update("bob", false);
    expect(typing.userIds.get()).toBe(before);
  });
});

test.each([
  [[], ""],
  [["Ada"], "Ada is typing…"],
  [["Ada", "Bob"], "Ada and Bob are typing…"],
  [["Ada", "Bob", "Cy"], "Ada and 2 others are typing…"],
])("typingText of %j is: %s", (names, text) => {
  expect(typingText(names)).toBe(text);
});
