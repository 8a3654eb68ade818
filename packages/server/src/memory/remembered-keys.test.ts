import { describe, expect, it } from "vitest";
import { APPLICATION_KEY } from "../backplane-history.ts";
import { RememberedKeys } from "./remembered-keys.ts";

const FIVE_MINUTES = 300_000;

describe("RememberedKeys", () => {
  it("knows a key of the application for 5 minutes after its publish, in its channel only", () => {
    const keys = new RememberedKeys();
    keys.keep("room:a", { key: `${APPLICATION_KEY}job`, offset: 7, at: 1_000 });
    const offsetAt = (now: number) => keys.offsetOf("room:a", `${APPLICATION_KEY}job`, now);
    expect(offsetAt(1_000 + FIVE_MINUTES - 1)).toBe(7);
    keys.sweep(1_000 + FIVE_MINUTES - 1);
    expect(offsetAt(2_000)).toBe(7);
    expect(keys.offsetOf("room:b", `${APPLICATION_KEY}job`, 2_000)).toBeUndefined();
    expect(offsetAt(1_000 + FIVE_MINUTES)).toBeUndefined();
    keys.sweep(1_000 + FIVE_MINUTES);
    expect(offsetAt(2_000)).toBeUndefined();
  });

  it("keeps nothing of clients' messages, and of messages without a key", () => {
    const keys = new RememberedKeys();
    for (const key of ["id\0ada", undefined]) keys.keep("all", { key, offset: 1, at: 0 });
    expect(keys.offsetOf("all", "id\0ada", 1)).toBeUndefined();
  });

  it("forgets the oldest above 100,000", () => {
    const keys = new RememberedKeys();
    const key = (n: number): string => `${APPLICATION_KEY}${String(n)}`;
    for (let n = 0; n <= 100_000; n++) keys.keep("all", { key: key(n), offset: n, at: 0 });
    expect(keys.offsetOf("all", key(0), 1)).toBeUndefined();
    expect(keys.offsetOf("all", key(1), 1)).toBe(1);
    expect(keys.offsetOf("all", key(100_000), 1)).toBe(100_000);
  });
});
