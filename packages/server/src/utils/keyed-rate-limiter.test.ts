import { expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { KeyedRateLimiter } from "./keyed-rate-limiter.ts";

const rate = { perSecond: 10, burst: 30 };

it("lets each key do so much at once, and so much per second after that", () => {
  const clock = new FakeClock();
  const table = new KeyedRateLimiter(clock, rate);
  for (let n = 0; n < 30; n++) expect(table.take("a")).toBe(0);
  expect([table.take("a"), table.waitFor("a"), table.waitFor("b")]).toEqual([100, 100, 0]);
  clock.skip(1_000);
  for (let n = 0; n < 10; n++) expect(table.take("a")).toBe(0);
  expect(table.take("a")).toBe(100);
});

it("keeps nothing for who comes no more, and no timer either", () => {
  const clock = new FakeClock();
  const table = new KeyedRateLimiter(clock, rate);
  for (let n = 0; n < 1_000; n++) table.take(String(n));
  expect([table.size, clock.timers]).toEqual([1_000, 1]);
  clock.skip(6_000);
  expect([table.size, clock.timers]).toEqual([0, 0]);
});

it("never gives more than its rate because it forgot", () => {
  const clock = new FakeClock();
  const table = new KeyedRateLimiter(clock, rate);
  let granted = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    if (table.take("a") === 0) granted++;
    clock.skip(10);
  }
  expect(granted).toBeGreaterThan(600);
  expect(granted).toBeLessThanOrEqual(630);
});

it("holds no more than 100,000 keys, whoever asks", () => {
  const table = new KeyedRateLimiter(new FakeClock(), rate);
  for (let n = 0; n < 250_000; n++) table.take(String(n));
  expect(table.size).toBeLessThanOrEqual(100_000);
  table.stop();
  expect(table.size).toBe(0);
});
