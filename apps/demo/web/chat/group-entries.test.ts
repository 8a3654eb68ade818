import { expect, test } from "vitest";
import { groupEntries } from "./group-entries.ts";
import type { Entry } from "./timeline.ts";

function entry(id: string, author: string, at: Date): Entry {
  const from = { userId: author, name: author };
  return { id, content: id, from, sentAt: at.toISOString(), status: "delivered", isPending: false };
}

const at = (day: number, hour: number, minute: number) => new Date(2026, 2, day, hour, minute);
const shape = (entries: readonly Entry[]) =>
  groupEntries(entries).map(({ groups }) => groups.map((group) => group.entries.map(({ id }) => id)));

test("groupEntries groups consecutive messages of one author", () => {
  const entries = [
    entry("a", "ada", at(1, 9, 0)),
    entry("b", "ada", at(1, 9, 1)),
    entry("c", "bob", at(1, 9, 2)),
  ];
  expect(shape(entries)).toEqual([[["a", "b"], ["c"]]]);
});

test("groupEntries begins a new group after a pause of five minutes", () => {
  expect(shape([entry("a", "ada", at(1, 9, 0)), entry("b", "ada", at(1, 9, 5))])).toEqual([[["a"], ["b"]]]);
});

test("groupEntries begins a new day at midnight of the local time zone, for the same author too", () => {
  expect(shape([entry("a", "ada", at(1, 23, 59)), entry("b", "ada", at(2, 0, 0))])).toEqual([
    [["a"]],
    [["b"]],
  ]);
});

test("groupEntries returns no day without messages", () => {
  expect(groupEntries([])).toEqual([]);
});
