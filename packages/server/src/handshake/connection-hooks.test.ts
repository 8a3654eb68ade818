import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";

describe("data", () => {
  it.each([
    ["throws", new HalyardError("forbidden", "Not today."), 4403, []],
    ["throws an error of its own", new Error("hook"), 1011, ["Error: hook"]],
    ["is a promise", Promise.resolve({}), 1011, [expect.stringContaining("data must answer at once")]],
    ["is no object", 5, 1011, [expect.stringContaining("data gave an answer of another type")]],
  ])("that %s refuses the connection before onConnect [s-P3]", async (_, made, code, errors) => {
    const seen: unknown[] = [];
    const system = new TestSystem({
      data: () => {
        if (made instanceof Error) throw made;
        return made;
      },
      onConnect: () => seen.push("onConnect"),
      onDisconnect: () => seen.push("onDisconnect"),
    });
    for (const ws of [await system.open("ada"), await system.join("bea")]) {
      expect(ws.closedWith?.code).toBe(code);
      expect(ws.types).toEqual([]);
    }
    expect(seen).toEqual([]);
    expect([...new Set(system.errors.map(({ error }) => String(error)))]).toEqual(errors);
  });

  it("is the same object in every hook, and without the option an empty one of each connection [s-P3]", async () => {
    const seen: object[] = [];
    const hooks = {
      onConnect: ({ data }: { readonly data: object }) => void seen.push(data),
      onDisconnect: ({ data }: { readonly data: object }) => void seen.push(data),
    };
    const system = new TestSystem({ data: () => ({ edits: 0 }), ...hooks });
    system.manager.handleClose(await system.open("ada"), 1000);
    await system.clock.settle();
    const plain = new TestSystem(hooks);
    plain.manager.handleClose(await plain.open("ada"), 1000);
    plain.manager.handleClose(await plain.open("ada"), 1000);
    await plain.clock.settle();
    expect(seen).toEqual([{ edits: 0 }, { edits: 0 }, {}, {}, {}, {}]);
    expect(new Set(seen).size).toBe(3);
  });
});

describe("the context", () => {
  it("is the same object in data, onConnect and onDisconnect, so that a Set of contexts works", async () => {
    const contexts = new Set<object>();
    const system = new TestSystem({
      data: (context: object) => (contexts.add(context), {}),
      onConnect: (context: object) => void contexts.add(context),
      onDisconnect: (context: object) => void contexts.delete(context),
    });
    const ws = await system.open("ada");
    expect(contexts.size).toBe(1);
    system.manager.handleClose(ws, 1000);
    await system.clock.settle();
    expect(contexts.size).toBe(0);
  });
});

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
