import { expect, it } from "vitest";
import { RecentChanges } from "./recent-changes.ts";

const ended = (...sessionIds: string[]) => ({ kind: "ended", sessionIds, code: 4401 }) as const;
const changed = (userId: string) => ({ kind: "changed", userId }) as const;

it("remembers for a minute with which code a session ended", () => {
  let now = 0;
  const changes = new RecentChanges(() => now);
  changes.add(ended("a"));
  expect(changes.endCodeOf("a")).toBe(4401);
  expect(changes.endCodeOf("b")).toBeUndefined();
  now = 60_000;
  changes.add(ended("b"));
  expect(changes.endCodeOf("a")).toBeUndefined();
});

it("reports whether a user's sessions have changed since a read of the store began", () => {
  const changes = new RecentChanges(() => 0);
  const before = changes.sequence;
  changes.add(changed("ada"));
  expect(changes.hasChanged("ada", before)).toBe(true);
  expect(changes.hasChanged("bea", before)).toBe(false);
  expect(changes.hasChanged("ada", changes.sequence)).toBe(false);
});

it("reports a change for each sequence number older than the changes that it remembers", () => {
  const changes = new RecentChanges(() => 0);
  const before = changes.sequence;
  expect(changes.hasChanged("ada", -1)).toBe(true);
  for (let index = 0; index < 10_001; index += 1) changes.add(changed(`user${index}`));
  expect(changes.hasChanged("ada", before)).toBe(true);
  expect(changes.hasChanged("ada", changes.sequence)).toBe(false);
});

it("forgets the oldest of 30,000 ended sessions and remembers the latest", () => {
  const changes = new RecentChanges(() => 0);
  for (let index = 0; index < 30_000; index += 1) changes.add(ended(`session${index}`));
  expect(changes.endCodeOf("session0")).toBeUndefined();
  expect(changes.endCodeOf("session29999")).toBe(4401);
});
