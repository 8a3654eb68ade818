import { describe, expect, it } from "vitest";
import { createTestClock } from "./test-clock.ts";

describe("createTestClock", () => {
  it("stands still until it is told to go on", async () => {
    const clock = createTestClock({ now: new Date(1_000) });
    expect(clock.now()).toBe(1_000);
    await clock.advance(500);
    expect(clock.now()).toBe(1_500);
  });

  it("runs timers in the order of their times, each at its own time", async () => {
    const clock = createTestClock({ now: new Date(0) });
    const rang: string[] = [];
    const ring = (name: string) => () => rang.push(`${name} at ${clock.now()}`);
    clock.setTimeout(ring("b"), 20);
    clock.setTimeout(ring("a"), 10);
    clock.setTimeout(ring("c"), 20);
    clock.setTimeout(ring("never"), 31);
    await clock.advance(30);
    expect(rang).toEqual(["a at 10", "b at 20", "c at 20"]);
    expect(clock.nextTimerAt).toBe(31);
  });

  it("runs timers that timers set, when they are due within the same advance", async () => {
    const clock = createTestClock({ now: new Date(0) });
    const rang: number[] = [];
    const again = () => {
      rang.push(clock.now());
      clock.setTimeout(() => void Promise.resolve().then(again), 10);
    };
    again();
    await clock.advance(35);
    expect(rang).toEqual([0, 10, 20, 30]);
  });

  it("forgets what is cleared", async () => {
    const clock = createTestClock();
    const rang: string[] = [];
    clock.clearTimeout(clock.setTimeout(() => rang.push("later"), 10));
    clock.clearTimeout(clock.setTimeout(() => rang.push("at once"), 0));
    clock.clearTimeout(undefined);
    await clock.advance(10);
    expect(rang).toEqual([]);
  });

  it("needs no time for what takes none", async () => {
    const clock = createTestClock();
    const before = clock.now();
    await new Promise<void>((resolve) => clock.setImmediate(resolve));
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 0));
    expect(clock.now()).toBe(before);
    expect(clock.pending).toBe(0);
  });

  it("advances once at a time", async () => {
    const clock = createTestClock({ now: new Date(0) });
    const seen: number[] = [];
    clock.setTimeout(() => seen.push(clock.now()), 15);
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect(seen).toEqual([15]);
    expect(clock.now()).toBe(20);
  });

  it("rejects with what a timer throws, and goes on after it", async () => {
    const clock = createTestClock({ now: new Date(0) });
    clock.setTimeout(() => {
      throw new Error("a timer's");
    }, 5);
    await expect(clock.advance(10)).rejects.toThrow("a timer's");
    await clock.advance(10);
    expect(clock.now()).toBe(15);
  });

  it.each([-1, NaN, Infinity])("refuses to advance by %d ms", async (ms) => {
    await expect(createTestClock().advance(ms)).rejects.toThrow(RangeError);
  });

  it("draws the same numbers for the same seed", () => {
    const draw = (seed?: number) => {
      const { random } = createTestClock({ seed });
      return [random(), random(), random()];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw()).toEqual(draw());
  });
});
