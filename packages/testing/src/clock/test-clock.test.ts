import { describe, expect, it } from "vitest";
import { createTestClock } from "./test-clock.ts";

describe("createTestClock", () => {
  it("stands still until it is advanced", async () => {
    const clock = createTestClock({ now: new Date(1_000) });
    expect(clock.now()).toBe(1_000);
    await clock.advance(500);
    expect(clock.now()).toBe(1_500);
  });

  it("runs timers in the order of their times, each at its own time", async () => {
    const clock = createTestClock({ now: new Date(0) });
    const ran: string[] = [];
    const record = (name: string) => () => ran.push(`${name} at ${clock.now()}`);
    clock.setTimeout(record("b"), 20);
    clock.setTimeout(record("a"), 10);
    clock.setTimeout(record("c"), 20);
    clock.setTimeout(record("never"), 31);
    await clock.advance(30);
    expect(ran).toEqual(["a at 10", "b at 20", "c at 20"]);
    expect(clock.nextTimerAt).toBe(31);
  });

  it("runs timers that timers set, when they are due within the same advance", async () => {
    const clock = createTestClock({ now: new Date(0) });
    const ran: number[] = [];
    const again = () => {
      ran.push(clock.now());
      clock.setTimeout(() => void Promise.resolve().then(again), 10);
    };
    again();
    await clock.advance(35);
    expect(ran).toEqual([0, 10, 20, 30]);
  });

  it("runs no timer that was cleared", async () => {
    const clock = createTestClock();
    const ran: string[] = [];
    clock.clearTimeout(clock.setTimeout(() => ran.push("later"), 10));
    clock.clearTimeout(clock.setTimeout(() => ran.push("at once"), 0));
    clock.clearTimeout(undefined);
    await clock.advance(10);
    expect(ran).toEqual([]);
  });

  it("runs immediates and timers of 0 ms without time passing", async () => {
    const clock = createTestClock();
    const before = clock.now();
    await new Promise<void>((resolve) => clock.setImmediate(resolve));
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 0));
    expect(clock.now()).toBe(before);
    expect(clock.pending).toBe(0);
  });

  it("lets an advance wait for the one before it", async () => {
    const clock = createTestClock({ now: new Date(0) });
    const seen: number[] = [];
    clock.setTimeout(() => seen.push(clock.now()), 15);
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect(seen).toEqual([15]);
    expect(clock.now()).toBe(20);
  });

  it("rejects with the error of a timer, and advances again after it", async () => {
    const clock = createTestClock({ now: new Date(0) });
    clock.setTimeout(() => {
      throw new Error("a timer's");
    }, 5);
    await expect(clock.advance(10)).rejects.toThrow("a timer's");
    await clock.advance(10);
    expect(clock.now()).toBe(15);
  });

  it.each([-1, NaN, Infinity])("rejects an advance by %d ms", async (ms) => {
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
