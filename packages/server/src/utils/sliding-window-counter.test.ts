import { describe, expect, it } from "vitest";
import { SlidingWindowCounter } from "./sliding-window-counter.ts";

describe("SlidingWindowCounter", () => {
  it("counts the events within its window", () => {
    const counter = new SlidingWindowCounter(10_000);
    const counts = Array.from({ length: 5 }, (_, n) => counter.add(50_000 + n));
    expect(counts).toEqual([1, 2, 3, 4, 5]);
  });

  it("forgets events older than two windows", () => {
    const counter = new SlidingWindowCounter(10_000);
    for (let n = 0; n < 9; n++) counter.add(50_000);
    expect(counter.add(70_000)).toBe(1);
  });

  it("counts the previous window in proportion to its overlap", () => {
    const counter = new SlidingWindowCounter(10_000);
    for (let n = 0; n < 8; n++) counter.add(50_000);
    expect(counter.add(60_000)).toBe(9);
    expect(counter.add(65_000)).toBe(6);
    expect(counter.add(69_999)).toBe(3);
  });

  it("never reaches ten for events that are slower than ten in ten seconds", () => {
    const counter = new SlidingWindowCounter(10_000);
    for (let now = 0; now < 600_000; now += 1_200) expect(counter.add(now)).toBeLessThan(10);
  });
});
