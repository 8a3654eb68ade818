import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./clock.ts";
import { errorReporter } from "./error-reporter.ts";

afterEach(() => vi.restoreAllMocks());

describe("errorReporter", () => {
  it("throws in a task of its own without onError", () => {
    const tasks: (() => void)[] = [];
    const clock = { ...systemClock, setTimeout: (task: () => void) => tasks.push(task) };
    errorReporter(clock, undefined)(new Error("one"));
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toThrow("one");
  });

  it.each([
    [
      "throws",
      (): never => {
        throw new Error("two");
      },
    ],
    ["rejects", () => Promise.reject(new Error("two"))],
  ])("writes to the console what onError %s", async (_how, onError) => {
    const written = vi.spyOn(console, "error").mockReturnValue();
    errorReporter(systemClock, onError)(new Error("one"));
    await vi.waitFor(() => {
      expect(written).toHaveBeenCalledExactlyOnceWith(new Error("two"));
    });
  });
});
