import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { CLIENT_ID, TestSystem } from "../../test/test-system.ts";

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

describe("onConnect and onDisconnect", () => {
  function journal(closesInData: boolean) {
    const seen: string[] = [];
    const system: TestSystem = new TestSystem({
      data: ({ user }) => {
        if (closesInData) void system.manager.disconnectUser(user.id);
        return {};
      },
      onConnect: () => void seen.push("onConnect"),
      onDisconnect: () => void seen.push("onDisconnect"),
    });
    return { seen, system };
  }

  it("are not called for a connection that `data` closes", async () => {
    const { seen, system } = journal(true);
    const sockets = [await system.open("ada"), await system.join("bea")];
    expect(sockets.map(({ closedWith }) => closedWith?.code)).toEqual([4401, 4401]);
    expect(seen).toEqual([]);
  });

  it("are not called for a connection that is lost in the turn of its hello", async () => {
    const { seen, system } = journal(false);
    const headers = new Headers({ "sec-websocket-protocol": "halyard.v1" });
    const ws = await system.upgrade({ id: "ada" }, { url: `/ws?c=${CLIENT_ID}&a=1`, headers });
    system.hand(ws, { type: "hello", clientId: CLIENT_ID, attempt: 1, positions: [], rooms: [] });
    await system.drop(ws);
    expect(seen).toEqual([]);
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

describe("onJoin and onLeave", () => {
  function journal() {
    const seen: string[] = [];
    const system: TestSystem = new TestSystem({
      authorize: ({ room }) => room !== "secret",
      onConnect: ({ user, ws }) => void (user.id === "ada" && system.manager.join(ws, "given")),
      onJoin: ({ rooms, user }, room) => void seen.push(`${user.id} joins ${room} of ${String(rooms.size)}`),
      onLeave: ({ user }, room) => void seen.push(`${user.id} leaves ${room}`),
      onDisconnect: ({ user }) => void seen.push(`${user.id} disconnects`),
    });
    return { seen, system };
  }

  it("are called for each membership once, whoever begins and ends it", async () => {
    const { seen, system } = journal();
    const ada = await system.join("ada", { rooms: ["one", "secret"] });
    await system.say(ada, { type: "join", room: "two", $: { id: "1" } });
    await system.say(ada, { type: "join", room: "two", $: { id: "2" } });
    await system.say(ada, { type: "join", room: "secret", $: { id: "3" } });
    await system.say(ada, { type: "leave", room: "two", $: { id: "4" } });
    await system.manager.leave(ada, "given");
    await system.clock.settle();
    expect(seen.splice(0).sort()).toEqual([
      "ada joins given of 2",
      "ada joins one of 2",
      "ada joins two of 3",
      "ada leaves given",
      "ada leaves two",
    ]);
    expect(system.errors).toEqual([]);
  });

  it("tell of the rooms of a connection that closes before its end, and of those of its return", async () => {
    const { seen, system } = journal();
    const bea = await system.join("bea", { rooms: ["one", "two"] });
    seen.length = 0;
    system.manager.handleClose(bea, 1006);
    await system.clock.settle();
    expect(seen.splice(0)).toEqual(["bea leaves one", "bea leaves two", "bea disconnects"]);
    const again = await system.join("bea", { rooms: ["two"], attempt: 2 });
    await system.manager.disconnectUser("bea");
    system.manager.handleClose(again, 4401);
    await system.clock.settle();
    expect(seen).toEqual(["bea joins two of 1", "bea leaves two", "bea disconnects"]);
  });

  it("say nothing of a connection that is refused", async () => {
    const seen: string[] = [];
    const system = new TestSystem({
      onConnect: () => Promise.reject(new HalyardError("forbidden")),
      authorize: () => true,
      onJoin: (_, room) => void seen.push(room),
      onLeave: (_, room) => void seen.push(room),
    });
    await system.join("ada", { rooms: ["one"] });
    expect(seen).toEqual([]);
  });

  it("may send to the connection and the room, after the joined", async () => {
    const system: TestSystem = new TestSystem({
      authorize: () => true,
      onJoin: async ({ user }, room) => {
        await system.manager.sendToRoom(room, { type: "announcement", message: user.id });
      },
    });
    const ada = await system.join("ada");
    ada.take();
    await system.say(ada, { type: "join", room: "one", $: { id: "1" } });
    const types = ada.take().map(({ type }) => type);
    expect(types).toContain("announcement");
    expect(types.indexOf("announcement")).toBeGreaterThan(types.indexOf("reply"));
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
