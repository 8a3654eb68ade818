import { expect, it } from "vitest";
import { RecentChanges } from "./recent-changes.ts";

const ended = (...sessionIds: string[]) => ({ kind: "ended", sessionIds, code: 4401 }) as const;
const changed = (userId: string) => ({ kind: "changed", userId }) as const;

it("knows how a session ended, for a minute", () => {
  let now = 0;
  const changes = new RecentChanges(() => now);
  changes.add(ended("a"));
  expect(changes.endOf("a")).toBe(4401);
  expect(changes.endOf("b")).toBeUndefined();
  now = 60_000;
  changes.add(ended("b"));
  expect(changes.endOf("a")).toBeUndefined();
});

it("knows whether a user's sessions have changed since a look-up began", () => {
  const changes = new RecentChanges(() => 0);
  const before = changes.sequence;
  changes.add(changed("ada"));
  expect(changes.hasChanged("ada", before)).toBe(true);
  expect(changes.hasChanged("bea", before)).toBe(false);
  expect(changes.hasChanged("ada", changes.sequence)).toBe(false);
});

it("assumes the worst of what it has forgotten, and of what it never knew", () => {
  const changes = new RecentChanges(() => 0);
  const before = changes.sequence;
  expect(changes.hasChanged("ada", -1)).toBe(true);
  for (let index = 0; index < 10_001; index += 1) changes.add(changed(`user${index}`));
  expect(changes.hasChanged("ada", before)).toBe(true);
  expect(changes.hasChanged("ada", changes.sequence)).toBe(false);
});

it("stays bounded", () => {
  const changes = new RecentChanges(() => 0);
  for (let index = 0; index < 30_000; index += 1) changes.add(ended(`session${index}`));
  expect(changes.endOf("session0")).toBeUndefined();
  expect(changes.endOf("session29999")).toBe(4401);
});
