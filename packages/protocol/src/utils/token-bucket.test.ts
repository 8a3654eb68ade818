import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

describe("a token bucket", () => {
  it("gives a burst at once, then so many tokens per second", () => {
    const bucket = new TokenBucket(5, 10, 0);
    for (let n = 0; n < 10; n++) expect(bucket.consume(0)).toBe(0);
    expect(bucket.consume(0)).toBe(200);
    expect(bucket.consume(199)).toBe(1);
    expect(bucket.consume(200)).toBe(0);
    expect(bucket.consume(200)).toBe(200);
  });

  it("names the same delay as consume, without taking tokens", () => {
    const bucket = new TokenBucket(5, 1, 0);
    expect([bucket.delayFor(0), bucket.delayFor(0), bucket.consume(0)]).toEqual([0, 0, 0]);
    expect([bucket.delayFor(0), bucket.consume(0)]).toEqual([200, 200]);
  });

  it("is never fuller than its burst", () => {
    const bucket = new TokenBucket(5, 10, 0);
    expect(bucket.consume(1e9, 10)).toBe(0);
    expect(bucket.consume(1e9)).toBe(200);
  });

  it("gives more than its burst when it is full, and is in debt for it", () => {
    const bucket = new TokenBucket(100, 10, 0);
    expect(bucket.consume(0, 1_000)).toBe(0);
    expect(bucket.consume(0)).toBe(9_910);
    expect(bucket.consume(9_910)).toBe(0);
  });

  it("loses nothing when time goes backwards", () => {
    const bucket = new TokenBucket(5, 10, 1_000);
    expect(bucket.consume(0, 10)).toBe(0);
    expect(bucket.consume(200)).toBe(0);
  });

  it("has enough after the delay that it names, and never gives more than its rate", () => {
    const calls = fc.array(fc.record({ after: fc.nat(500), count: fc.integer({ min: 1, max: 8 }) }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), calls, (perSecond, asks) => {
        const bucket = new TokenBucket(perSecond, 8, 0);
        let [now, taken] = [0, 0];
        for (const { after, count } of asks) {
          now += after;
          const delayMs = bucket.consume(now, count);
          if (delayMs > 0) {
            now += delayMs;
            // Sums of fractions may fall short of it by less than a millisecond.
            if (bucket.consume(now, count) > 0) expect(bucket.consume(++now, count)).toBe(0);
          }
          taken += count;
          expect(taken).toBeLessThanOrEqual(8 + (now / 1000) * perSecond + 1e-6);
        }
      }),
    );
  });
});
