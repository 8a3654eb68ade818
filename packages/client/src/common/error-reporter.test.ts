import { describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { errorReporter } from "./error-reporter.ts";

describe("errorReporter", () => {
  it("throws in a task of its own without onError, and when onError itself throws", () => {
    const tasks: (() => void)[] = [];
    const clock = { ...systemClock, setTimeout: (task: () => void) => tasks.push(task) };
    errorReporter(clock, undefined)(new Error("one"));
    errorReporter(clock, () => {
      throw new Error("two");
    })(new Error("lost"));
    expect(tasks).toHaveLength(2);
    expect(tasks[0]).toThrow("one");
    expect(tasks[1]).toThrow("two");
  });
});
