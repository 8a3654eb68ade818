import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SlidingWindowCounter, TokenBucket } from "./token-bucket.ts";

describe("a token bucket", () => {
  it("gives a burst at once, then so many per second", () => {
    const bucket = new TokenBucket(5, 10, 0);
    for (let n = 0; n < 10; n++) expect(bucket.take(0)).toBe(0);
    expect(bucket.take(0)).toBe(200);
    expect(bucket.take(199)).toBe(1);
    expect(bucket.take(200)).toBe(0);
    expect(bucket.take(200)).toBe(200);
  });

  it("is never fuller than its burst", () => {
    const bucket = new TokenBucket(5, 10, 0);
    expect(bucket.take(1e9, 10)).toBe(0);
    expect(bucket.take(1e9)).toBe(200);
  });

  it("lets more than its burst through when it is full, and is in debt for it", () => {
    const bucket = new TokenBucket(100, 10, 0);
    expect(bucket.take(0, 1_000)).toBe(0);
    expect(bucket.take(0)).toBe(9_910);
    expect(bucket.take(9_910)).toBe(0);
  });

  it("loses nothing when time goes backwards", () => {
    const bucket = new TokenBucket(5, 10, 1_000);
    expect(bucket.take(0, 10)).toBe(0);
    expect(bucket.take(200)).toBe(0);
  });

  it("has enough after the time that it names, and never lets more through than its rate", () => {
    const asked = fc.array(fc.record({ after: fc.nat(500), count: fc.integer({ min: 1, max: 8 }) }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), asked, (perSecond, asks) => {
        const bucket = new TokenBucket(perSecond, 8, 0);
        let [now, taken] = [0, 0];
        for (const { after, count } of asks) {
          now += after;
          const waitMs = bucket.take(now, count);
          if (waitMs > 0) {
            now += waitMs;
            // Sums of fractions may fall short of it by less than a millisecond.
            if (bucket.take(now, count) > 0) expect(bucket.take(++now, count)).toBe(0);
          }
          taken += count;
          expect(taken).toBeLessThanOrEqual(8 + (now / 1000) * perSecond + 1e-6);
        }
      }),
    );
  });
});

describe("a tally", () => {
  it("counts what happened within its window", () => {
    const tally = new SlidingWindowCounter(10_000);
    const counts = Array.from({ length: 5 }, (_, n) => tally.add(50_000 + n));
    expect(counts).toEqual([1, 2, 3, 4, 5]);
  });

  it("forgets what is older than two windows", () => {
    const tally = new SlidingWindowCounter(10_000);
    for (let n = 0; n < 9; n++) tally.add(50_000);
    expect(tally.add(70_000)).toBe(1);
  });

  it("counts the window before in part, as far as it reaches into this one", () => {
    const tally = new SlidingWindowCounter(10_000);
    for (let n = 0; n < 8; n++) tally.add(50_000);
    expect(tally.add(60_000)).toBe(9);
    expect(tally.add(65_000)).toBe(6);
    expect(tally.add(69_999)).toBe(3);
  });

  it("never reaches ten when they come slower than ten in ten seconds", () => {
    const tally = new SlidingWindowCounter(10_000);
    for (let now = 0; now < 600_000; now += 1_200) expect(tally.add(now)).toBeLessThan(10);
  });
});
