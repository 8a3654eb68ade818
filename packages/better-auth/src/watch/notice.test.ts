import { expect, it } from "vitest";
import { noticesOf, readNotice } from "./notice.ts";
import type { SessionChange } from "./notice.ts";

it("reads each notice that it writes, after a round trip through JSON", () => {
  const changes: SessionChange[] = [
    { kind: "changed", userId: "ada" },
    { kind: "ended", sessionIds: ["a", "b"], code: 4403 },
  ];
  for (const change of changes) {
    expect(noticesOf(change).map((notice) => readNotice(JSON.parse(JSON.stringify(notice))))).toEqual([
      change,
    ]);
  }
});

it("splits a change of 1,050 sessions into notices of at most 8 KiB", () => {
  const sessionIds = Array.from({ length: 1_050 }, (_, index) => `${index}`.padStart(256, "0"));
  const notices = noticesOf({ kind: "ended", sessionIds, code: 4401 });
  expect(notices.every((notice) => JSON.stringify(notice).length <= 8_192)).toBe(true);
  expect(notices.flatMap((notice) => notice["sessionIds"])).toEqual(sessionIds);
});

const MALFORMED = [
  undefined,
  null,
  7,
  "ended",
  [],
  {},
  { kind: "changed" },
  { kind: "changed", userId: 7 },
  { kind: "changed", userId: "" },
  { kind: "changed", userId: "x".repeat(257) },
  { kind: "ended", sessionIds: ["a"] },
  { kind: "ended", sessionIds: ["a"], code: 1000 },
  { kind: "ended", sessionIds: "a", code: 4401 },
  { kind: "ended", sessionIds: [7], code: 4401 },
  { kind: "ended", sessionIds: Array.from({ length: 26 }, () => "a"), code: 4401 },
  { kind: "__proto__", userId: "ada" },
];

it.each(MALFORMED.map((notice) => [JSON.stringify(notice), notice]))(
  "ignores the malformed notice %s",
  (_text, notice) => {
    expect(readNotice(notice)).toBeUndefined();
  },
);
