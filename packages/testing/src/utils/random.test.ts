import { expect, it } from "vitest";
import { createRandom, seedOf } from "./random.ts";

it("createRandom spreads its numbers evenly over 0 to 1", () => {
  const random = createRandom(42);
  const buckets = Array.from({ length: 10 }, () => 0);
  for (let draw = 0; draw < 100_000; draw++) {
    const bucket = Math.floor(random() * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  expect(buckets.every((count) => count > 9_500 && count < 10_500)).toBe(true);
});

it("createRandom begins with another number for each of 1,000 seeds", () => {
  const firsts = Array.from({ length: 1_000 }, (_, seed) => createRandom(seed)());
  expect(new Set(firsts).size).toBe(1_000);
});

it("seedOf gives each part of a run numbers of its own, also for a seed as large as a date", () => {
  for (const seed of [0, 7, -7, 1_764_500_000_000, Number.MAX_SAFE_INTEGER]) {
    const firsts = Array.from({ length: 1_000 }, (_, part) => createRandom(seedOf(seed, part))());
    expect(new Set(firsts).size).toBe(1_000);
  }
});
