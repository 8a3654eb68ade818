import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createTypingList, typingText } from "./typing.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("createTypingList", () => {
  test("forgets who has not been heard of for six seconds", () => {
    const typing = createTypingList();
    typing.hear("ada", true);
    vi.advanceTimersByTime(4_000);
    typing.hear("ada", true);
    typing.hear("bob", true);
    vi.advanceTimersByTime(5_999);
    expect(typing.userIds.get()).toEqual(["ada", "bob"]);
    vi.advanceTimersByTime(1);
    expect(typing.userIds.get()).toEqual([]);
  });

  test("keeps the list identical while nobody comes or goes", () => {
    const typing = createTypingList();
    typing.hear("ada", true);
    const before = typing.userIds.get();
    typing.hear("ada", true);
    typing.hear("bob", false);
    expect(typing.userIds.get()).toBe(before);
  });
});

test.each([
  [[], ""],
  [["Ada"], "Ada is typing…"],
  [["Ada", "Bob"], "Ada and Bob are typing…"],
  [["Ada", "Bob", "Cy"], "Ada and 2 others are typing…"],
])("says of %j: %s", (names, text) => {
  expect(typingText(names)).toBe(text);
});
