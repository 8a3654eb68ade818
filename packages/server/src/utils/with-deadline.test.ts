import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { withDeadline } from "./with-deadline.ts";

const never = new Promise<never>(() => undefined);

/** What became of it, as text. */
async function outcome(value: unknown, clock = new FakeClock(), onTimeout?: () => void): Promise<unknown> {
  const waiting = withDeadline(value, { clock, ms: 1_000, onTimeout }).catch((error: unknown) => error);
  await clock.advance(1_000);
  expect(clock.timers).toBe(0);
  return waiting;
}

describe("withDeadline", () => {
  it("gives a value without a timer", async () => {
    expect(await outcome(1)).toBe(1);
    expect(await outcome(undefined)).toBeUndefined();
    expect(await outcome({ then: "not a function" })).toEqual({ then: "not a function" });
  });

  it("gives what a promise gives, and clears its timer", async () => {
    expect(await outcome(Promise.resolve("a"))).toBe("a");
    expect(await outcome(Promise.reject(new Error("no")))).toEqual(new Error("no"));
  });

  it("ends what never ends as timeout, and says so once", async () => {
    let told = 0;
    expect(await outcome(never, new FakeClock(), () => told++)).toMatchObject({ code: "timeout" });
    expect(told).toBe(1);
  });

  it("drops what is rejected too late", async () => {
    const clock = new FakeClock();
    const late = new Promise((_, reject) => clock.setTimeout(() => reject(new Error("late")), 2_000));
    const waiting = withDeadline(late, { clock, ms: 1_000 }).catch((error: unknown) => error);
    await clock.advance(3_000);
    expect(await waiting).toMatchObject({ code: "timeout" });
  });

  it("survives what only looks like a promise", async () => {
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
