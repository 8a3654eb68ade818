import { expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { KeyedRateLimiter } from "./keyed-rate-limiter.ts";

const rate = { perSecond: 10, burst: 30 };

it("KeyedRateLimiter gives each key a burst at once, and its rate per second after that", () => {
  const clock = new FakeClock();
  const limiter = new KeyedRateLimiter(clock, rate);
  for (let n = 0; n < 30; n++) expect(limiter.take("a")).toBe(0);
  expect([limiter.take("a"), limiter.waitFor("a"), limiter.waitFor("b")]).toEqual([100, 100, 0]);
  clock.skip(1_000);
  for (let n = 0; n < 10; n++) expect(limiter.take("a")).toBe(0);
  expect(limiter.take("a")).toBe(100);
});

it("KeyedRateLimiter forgets keys that are no longer used, and stops its timer", () => {
  const clock = new FakeClock();
  const limiter = new KeyedRateLimiter(clock, rate);
  for (let n = 0; n < 1_000; n++) limiter.take(String(n));
  expect([limiter.size, clock.timers]).toEqual([1_000, 1]);
  clock.skip(6_000);
  expect([limiter.size, clock.timers]).toEqual([0, 0]);
});

it("KeyedRateLimiter never exceeds its rate because it forgot a key", () => {
  const clock = new FakeClock();
  const limiter = new KeyedRateLimiter(clock, rate);
  let granted = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    if (limiter.take("a") === 0) granted++;
    clock.skip(10);
  }
  expect(granted).toBeGreaterThan(600);
  expect(granted).toBeLessThanOrEqual(630);
});

it("KeyedRateLimiter holds at most 100,000 keys", () => {
  const limiter = new KeyedRateLimiter(new FakeClock(), rate);
  for (let n = 0; n < 250_000; n++) limiter.take(String(n));
  expect(limiter.size).toBeLessThanOrEqual(100_000);
  limiter.stop();
  expect(limiter.size).toBe(0);
});
