import { ServerFrame } from "@halyard/protocol";
import { encodeFrame, ERROR_CODES, HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { ErrorCode } from "@halyard/protocol/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorJson, InvalidMessageError, toHalyardError } from "./errors.ts";

const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 2_000 }),
  // What takes the most bytes per character, as JSON and as UTF-8.
  fc.string({ unit: fc.constantFrom("\0", "\u001f", '"', "\\", "😀", "€", "\ud800"), maxLength: 300 }),
);
const code = fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[]));
const issue = fc.record({ path: nasty, message: nasty });

describe("an error on the wire", () => {
  it("is at most 1 KiB in its frame and always valid, whatever stands in it", () => {
    const error = fc.oneof(
      fc
        .tuple(code, nasty, fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })))
        .map(([each, message, wait]) => new HalyardError(each, message, { retryAfterMs: wait ?? undefined })),
      fc.array(issue, { maxLength: 8 }).map((issues) => new InvalidMessageError(issues)),
    );
    const re = fc.oneof(
      nasty.map((text) => text.slice(0, 64)),
      fc.constant(Number.MAX_SAFE_INTEGER),
    );
    fc.assert(
      fc.property(error, re, (each, answered) => {
        const frame = encodeFrame(errorJson(each), { re: answered });
        expect(new TextEncoder().encode(frame).length).toBeLessThanOrEqual(LIMITS.errorBytes);
        expect(ServerFrame.parse(JSON.parse(frame))).toMatchObject({ type: "error", code: each.code });
      }),
      { numRuns: 2_000 },
    );
  });

  it("is at most 1 KiB also when every text of it is as large as it may be", () => {
    const large = new InvalidMessageError(
      Array.from({ length: 5 }, () => ({ path: "😀".repeat(99), message: "€".repeat(99) })),
    );
    const frame = encodeFrame(errorJson(large), { re: "\0".repeat(64) });
    expect(new TextEncoder().encode(frame).length).toBeLessThanOrEqual(LIMITS.errorBytes);
  });

  it("tells the first five issues when they are of a usual size", () => {
    const issues = Array.from({ length: 7 }, (_, n) => ({
      path: `tags[${String(n)}].id`,
      message: "Too small",
    }));
    expect(JSON.parse(errorJson(new InvalidMessageError(issues)))).toMatchObject({
      issues: issues.slice(0, 5),
    });
  });

  it("waits whole milliseconds, rounded up", () => {
    const error = new HalyardError("rate_limited", undefined, { retryAfterMs: 1.2 });
    expect(JSON.parse(errorJson(error))).toMatchObject({ retryable: true, retryAfterMs: 2 });
  });

  it("has no issues and no time to wait where there are none", () => {
    expect(JSON.parse(errorJson(new HalyardError("forbidden")))).toEqual({
      type: "error",
      code: "forbidden",
      message: "forbidden",
      retryable: false,
    });
  });
});

describe("something unknown that was thrown", () => {
  it.each([new Error("SELECT * FROM users"), "text", undefined, { code: "forbidden" }])(
    "is internal, and its text stays inside: %j",
    (thrown) => {
      const error = toHalyardError(thrown);
      expect(error).toMatchObject({ code: "internal", cause: thrown });
      expect(errorJson(error)).not.toContain("SELECT");
    },
  );

  it("is told as it is when it is an error of the wire", () => {
    const error = new HalyardError("not_found", "No such poll.");
    expect(toHalyardError(error)).toBe(error);
  });
});
