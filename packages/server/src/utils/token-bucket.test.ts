import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

describe("TokenBucket", () => {
  it("gives a burst at once, and its rate per second after that", () => {
    const bucket = new TokenBucket(5, 10, 0);
    for (let n = 0; n < 10; n++) expect(bucket.take(0)).toBe(0);
    expect(bucket.take(0)).toBe(200);
    expect(bucket.take(199)).toBe(1);
    expect(bucket.take(200)).toBe(0);
    expect(bucket.take(200)).toBe(200);
  });

  it("never holds more than its burst", () => {
    const bucket = new TokenBucket(5, 10, 0);
    expect(bucket.take(1e9, 10)).toBe(0);
    expect(bucket.take(1e9)).toBe(200);
  });

  it("accepts a count above its burst when it is full, and is in debt for it", () => {
    const bucket = new TokenBucket(100, 10, 0);
    expect(bucket.take(0, 1_000)).toBe(0);
    expect(bucket.take(0)).toBe(9_910);
    expect(bucket.take(9_910)).toBe(0);
  });

  it("loses no token when the clock goes backwards", () => {
    const bucket = new TokenBucket(5, 10, 1_000);
    expect(bucket.take(0, 10)).toBe(0);
    expect(bucket.take(200)).toBe(0);
  });

  it("has enough tokens after the delay that it names, and never exceeds its rate", () => {
    const arbitrarySteps = fc.array(
      fc.record({ after: fc.nat(500), count: fc.integer({ min: 1, max: 8 }) }),
      {
        minLength: 1,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), arbitrarySteps, (perSecond, steps) => {
        const bucket = new TokenBucket(perSecond, 8, 0);
        let [now, taken] = [0, 0];
        for (const { after, count } of steps) {
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
