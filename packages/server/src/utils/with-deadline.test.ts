import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { withDeadline } from "./with-deadline.ts";

const never = new Promise<never>(() => undefined);

/** The result of a value with a deadline of one second, or the error. */
async function outcome(value: unknown, clock = new FakeClock(), onTimeout?: () => void): Promise<unknown> {
  const result = withDeadline(value, { clock, ms: 1_000, onTimeout }).catch((error: unknown) => error);
  await clock.advance(1_000);
  expect(clock.timers).toBe(0);
  return result;
}

describe("withDeadline", () => {
  it("returns a plain value without setting a timer", async () => {
    expect(await outcome(1)).toBe(1);
    expect(await outcome(undefined)).toBeUndefined();
    expect(await outcome({ then: "not a function" })).toEqual({ then: "not a function" });
  });

  it("settles as the promise does, and clears its timer", async () => {
    expect(await outcome(Promise.resolve("a"))).toBe("a");
    expect(await outcome(Promise.reject(new Error("no")))).toEqual(new Error("no"));
  });

  it("rejects with timeout at the deadline, and calls onTimeout once", async () => {
    let timeouts = 0;
    expect(await outcome(never, new FakeClock(), () => timeouts++)).toMatchObject({ code: "timeout" });
    expect(timeouts).toBe(1);
  });

  it("ignores a rejection after the deadline", async () => {
    const clock = new FakeClock();
    const late = new Promise((_, reject) => clock.setTimeout(() => reject(new Error("late")), 2_000));
    const result = withDeadline(late, { clock, ms: 1_000 }).catch((error: unknown) => error);
    await clock.advance(3_000);
    expect(await result).toMatchObject({ code: "timeout" });
  });

  it("handles thenables that throw, resolve at once or never settle", async () => {
    const thrown = new Error("then");
    const fail = (): never => {
      throw thrown;
    };
    expect(await outcome({ then: fail })).toBe(thrown);
    expect(await outcome(Object.defineProperty({}, "then", { get: fail }))).toBe(thrown);
    expect(await outcome({ then: (resolve: (value: string) => void) => resolve("a") })).toBe("a");
    expect(await outcome({ then: () => undefined })).toMatchObject({ code: "timeout" });
  });
});
