import { describe, expect, it } from "vitest";
import { ERROR_CODES, HalyardError } from "./errors.ts";
import type { ErrorCode } from "./errors.ts";

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
});
