import { expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { createFairReader } from "./fair-reader.ts";

class FakeReading {
  readonly calls: string[] = [];
  isPaused = false;
  pause(): void {
    this.isPaused = true;
    this.calls.push("pause");
  }
  resume(): void {
    this.isPaused = false;
    this.calls.push("resume");
  }
}

it("stops reading a socket that has sent a large message until the next turn, and no other socket", () => {
  const clock = new FakeClock();
  const readFairly = createFairReader(clock);
  const [large, small] = [new FakeReading(), new FakeReading()];
  readFairly(large, "x".repeat(64 * 1_024));
  readFairly(small, "x".repeat(1_024));
  expect([large.calls, small.calls]).toEqual([["pause"], []]);
  clock.flush();
  expect([large.calls, small.calls]).toEqual([["pause", "resume"], []]);
});

it("reads a socket that floods every 100 ms, with one timer", async () => {
  const clock = new FakeClock();
  const readFairly = createFairReader(clock);
  const flooding = new FakeReading();
  for (let n = 0; n < 3; n++) readFairly(flooding, "x", true);
  await clock.advance(99);
  expect(flooding.calls).toEqual(["pause"]);
  await clock.advance(1);
  expect(flooding.calls).toEqual(["pause", "resume"]);
});
