import { expect, test } from "vitest";
import { groupEntries } from "./group-entries.ts";
import type { Entry } from "./use-room-messages.ts";

const self = { userId: "ada", name: "Ada" };
const at = (day: number, hour: number, minute: number) => new Date(2026, 2, day, hour, minute);

function entry(id: string, author: string, sentAt: Date): Entry {
  const from = { userId: author, name: author };
  return { id, status: "delivered", message: { id, content: id, from, sentAt: sentAt.toISOString() } };
}

const sending = (id: string): Entry => ({ id, status: "sending", message: { content: id } });
const shape = (entries: readonly Entry[]) =>
  groupEntries(entries, self, at(1, 9, 30)).map(({ groups }) =>
    groups.map((group) => group.entries.map(({ id }) => id)),
  );

test("groupEntries groups consecutive messages of one author", () => {
  const entries = [
    entry("a", "ada", at(1, 9, 0)),
    entry("b", "ada", at(1, 9, 1)),
    entry("c", "bob", at(1, 9, 2)),
  ];
  expect(shape(entries)).toEqual([[["a", "b"], ["c"]]]);
});

test("[demo 11] groupEntries begins a new group five minutes after the first message of a group", () => {
  const minutes = [0, 4, 5, 9, 10];
  const entries = minutes.map((minute) => entry(String(minute), "ada", at(1, 9, minute)));
  expect(shape(entries)).toEqual([[["0", "4"], ["5", "9"], ["10"]]]);
});

test("[demo 11] groupEntries begins a new group after 20 messages", () => {
  const entries = Array.from({ length: 45 }, (_, index) => entry(String(index), "ada", at(1, 9, 0)));
  expect(
    shape(entries)
      .flat()
      .map((group) => group.length),
  ).toEqual([20, 20, 5]);
});

test("groupEntries begins a new day at midnight of the local time zone, for the same author too", () => {
  expect(shape([entry("a", "ada", at(1, 23, 59)), entry("b", "ada", at(2, 0, 0))])).toEqual([
    [["a"]],
    [["b"]],
  ]);
});

test("groupEntries puts the user's own messages that are not sent yet at the end of today", () => {
  expect(shape([entry("a", "bob", at(1, 9, 0)), sending("b"), sending("c")])).toEqual([[["a"], ["b", "c"]]]);
  expect(shape([entry("a", "ada", at(1, 9, 29)), sending("b")])).toEqual([[["a", "b"]]]);
});

test("groupEntries returns no day without messages", () => {
  expect(groupEntries([], self)).toEqual([]);
});
