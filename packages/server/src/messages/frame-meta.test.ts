import { frameMeta } from "@halyard/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMeta } from "./frame-meta.ts";

const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    0,
    1,
    -1,
    1.5,
    2 ** 53,
    2 ** 53 - 1,
    "",
    "x".repeat(64),
    "x".repeat(65),
    "x".repeat(201),
  ),
  fc.string({ maxLength: 70 }),
  fc.integer({ min: 1 }),
);

describe("what a client says in the reserved field", () => {
  it("is read as the schema reads it", () => {
    const meta = fc.record(
      { seq: anything, id: anything, ch: anything, off: anything, re: anything },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: meta }, fc.jsonValue()), (value) => {
        const parsed = frameMeta.safeParse(value);
        const { off: _, ...read } = parsed.data ?? {};
        expect(readMeta(value)).toEqual(parsed.success ? read : undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  it("may be absent", () => {
    expect(readMeta(undefined)).toEqual({});
    expect(readMeta(null)).toBeUndefined();
  });
});
