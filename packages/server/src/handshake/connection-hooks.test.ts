import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";

describe("onConnect", () => {
  it.each([
    [new HalyardError("unauthenticated"), 4401],
    [new HalyardError("forbidden", "Not today."), 4403],
    [new HalyardError("contract_mismatch"), 4426],
    [new HalyardError("limit_exceeded"), 4011],
    [new HalyardError("rate_limited"), 4029],
    [new HalyardError("unavailable"), 1013],
    [new HalyardError("timeout"), 1013],
    [new HalyardError("not_found"), 1011],
    [new Error("hook"), 1011],
  ])("refuses a plain and a v1 client, before anything is sent, when it throws %s", async (error, code) => {
    const system = new TestSystem({
      onConnect: () => {
        throw error;
      },
    });
    for (const ws of [await system.open("ada"), await system.join("bea")]) {
      expect(ws.closedWith?.code).toBe(code);
      expect(ws.types).toEqual([]);
    }
  });

  it("refuses with the message of the error, or with the time after which the client may come back", async () => {
    const refusals = [
      new HalyardError("forbidden", "Not today."),
      new HalyardError("unavailable", undefined, { retryAfterMs: 1_500 }),
    ];
    const system = new TestSystem({
      onConnect: () => Promise.reject(refusals.shift() ?? new Error("a third connection")),
    });
    expect((await system.open("ada")).closedWith?.reason).toBe("Not today.");
    expect((await system.open("ada")).closedWith?.reason).toBe("retryAfterMs=1500");
    expect(system.errors).toEqual([]);
  });
});
