import { ServerFrame } from "@halyard/protocol";
import { encodeFrame, ERROR_CODES, HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { ErrorCode } from "@halyard/protocol/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorJson, InvalidMessageError, toHalyardError } from "./errors.ts";

const hostileText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 2_000 }),
  // What takes the most bytes per character, as JSON and as UTF-8.
  fc.string({ unit: fc.constantFrom("\0", "\u001f", '"', "\\", "😀", "€", "\ud800"), maxLength: 300 }),
);
const code = fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[]));
const issue = fc.record({ path: hostileText, message: hostileText });

describe("errorJson", () => {
  it("builds a valid frame of at most 1 KiB, whatever the error contains", () => {
    const error = fc.oneof(
      fc
        .tuple(code, hostileText, fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })))
        .map(([each, message, wait]) => new HalyardError(each, message, { retryAfterMs: wait ?? undefined })),
      fc.array(issue, { maxLength: 8 }).map((issues) => new InvalidMessageError(issues)),
    );
    const re = fc.oneof(
      hostileText.map((text) => text.slice(0, 64)),
      fc.constant(Number.MAX_SAFE_INTEGER),
    );
    fc.assert(
      fc.property(error, re, (each, answeredId) => {
        const frame = encodeFrame(errorJson(each), { re: answeredId });
        expect(new TextEncoder().encode(frame).length).toBeLessThanOrEqual(LIMITS.errorBytes);
        expect(ServerFrame.parse(JSON.parse(frame))).toMatchObject({ type: "error", code: each.code });
      }),
      { numRuns: 2_000 },
    );
  });

  it("builds a frame of at most 1 KiB when every text is as large as possible", () => {
    const large = new InvalidMessageError(
      Array.from({ length: 5 }, () => ({ path: "😀".repeat(99), message: "€".repeat(99) })),
    );
    const frame = encodeFrame(errorJson(large), { re: "\0".repeat(64) });
    expect(new TextEncoder().encode(frame).length).toBeLessThanOrEqual(LIMITS.errorBytes);
  });

  it("contains the first five issues when they are of a usual size", () => {
    const issues = Array.from({ length: 7 }, (_, n) => ({
      path: `tags[${String(n)}].id`,
      message: "Too small",
    }));
    expect(JSON.parse(errorJson(new InvalidMessageError(issues)))).toMatchObject({
      issues: issues.slice(0, 5),
    });
  });

  it("rounds the retry time up to whole milliseconds", () => {
    const error = new HalyardError("rate_limited", undefined, { retryAfterMs: 1.2 });
    expect(JSON.parse(errorJson(error))).toMatchObject({ retryable: true, retryAfterMs: 2 });
  });

  it("omits issues and retry time when the error has none", () => {
    expect(JSON.parse(errorJson(new HalyardError("forbidden")))).toEqual({
      type: "error",
      code: "forbidden",
      message: "forbidden",
      retryable: false,
    });
  });
});

describe("toHalyardError", () => {
  it.each([new Error("SELECT * FROM users"), "text", undefined, { code: "forbidden" }])(
    "turns %j into an internal error that does not reveal its text",
    (thrown) => {
      const error = toHalyardError(thrown);
      expect(error).toMatchObject({ code: "internal", cause: thrown });
      expect(errorJson(error)).not.toContain("SELECT");
    },
  );

  it("returns a HalyardError as it is", () => {
    const error = new HalyardError("not_found", "No such poll.");
    expect(toHalyardError(error)).toBe(error);
  });
});
