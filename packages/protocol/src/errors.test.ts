import { describe, expect, it, vi } from "vitest";
import { callSafely, ERROR_CODES, HalyardError, isThenable } from "./errors.ts";
import type { ErrorCode } from "./errors.ts";
import { LIMITS } from "./limits.ts";

describe("HalyardError", () => {
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])(
    "gives the code %s its words and the retryable of the table",
    (code) => {
      const error = new HalyardError(code);
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({
        name: "HalyardError",
        code,
        retryable: ERROR_CODES[code],
        message: code.replaceAll("_", " "),
      });
      expect(error.retryAfterMs).toBeUndefined();
    },
  );

  it("carries a message of its own, a cause and the milliseconds to wait", () => {
    const cause = new Error("inside");
    const error = new HalyardError("unavailable", "Come back later.", { retryAfterMs: 1500, cause });
    expect(error).toMatchObject({ message: "Come back later.", retryAfterMs: 1500, cause });
  });

  it("keeps as many issues as an error frame carries", () => {
    const issues = Array.from({ length: 9 }, (_, n) => ({ path: String(n), message: "wrong" }));
    const error = new HalyardError("invalid_message", undefined, { issues });
    expect(error.issues).toEqual(issues.slice(0, LIMITS.errorIssues));
  });
});

describe("callSafely", () => {
  it("returns the answer of a call that succeeds, a promise included", async () => {
    const onFailure = vi.fn();
    expect(callSafely(() => 7, onFailure)).toBe(7);
    await expect(callSafely(() => Promise.resolve(7), onFailure)).resolves.toBe(7);
    expect(onFailure).not.toHaveBeenCalled();
  });

  it("passes on what a call throws, what it rejects with, and what its thenable throws", async () => {
    const failures: unknown[] = [];
    const onFailure = (error: unknown): void => void failures.push(error);
    const thenable = {
      then: (): never => {
        throw new Error("then");
      },
    };
    const throwing = (): never => {
      throw new Error("thrown");
    };
    callSafely(throwing, onFailure);
    callSafely(() => Promise.reject(new Error("rejected")), onFailure)?.catch(() => undefined);
    callSafely(() => thenable, onFailure);
    await new Promise((resolve) => setTimeout(resolve));
    expect(failures.map(String).sort()).toEqual(["Error: rejected", "Error: then", "Error: thrown"]);
  });
});

it.each([null, undefined, 1, "then", {}, { then: 1 }, () => undefined])(
  "isThenable is false for %s",
  (value) => {
    expect(isThenable(value)).toBe(false);
  },
);
