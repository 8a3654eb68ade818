import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeSocket } from "../../test/fake-socket.ts";
import { CLIENT_ID, TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";
import type { ConnectionContext } from "../types.ts";

let system: TestSystem;
const create = (config: TestConfig = {}): TestSystem => (system = new TestSystem(config));

afterEach(() => system.expectToEndCleanly());

const stats = (): unknown => system.manager.getConnectionStats();
const online = async (): Promise<string[]> =>
  (await system.manager.listUsers()).users.map(({ userId }) => userId);

describe("a socket that opens", () => {
  it("is in the maps when handleOpen returns, with the very object of the runtime", () => {
    create();
    const ws = system.begin("ada", { name: "Ada", image: "a.png", email: "ada@example.com" });
    expect(system.manager.wsInstances.get("ada")).toEqual(new Set([ws]));
    expect(system.manager.connectedUsers.get("ada")).toEqual({
      userId: "ada",
      name: "Ada",
      image: "a.png",
      connectedAt: new Date(system.clock.now()),
    });
  });

  it("is counted per user and per connection, until it closes", async () => {
    create();
    const tabs = [await system.open("ada"), await system.open("ada"), await system.open("bea")];
    expect(stats()).toEqual({ totalUsers: 2, totalConnections: 3 });
    await system.drop(tabs[0] ?? new FakeSocket({ userId: "" }));
    expect(stats()).toEqual({ totalUsers: 2, totalConnections: 2 });
  });

  it.each([undefined, null, "ada", {}, { userId: "" }, { userId: 7 }])(
    "without a user is closed with 4401: its data is %j",
    (data) => {
      const error = vi.fn();
      create({ logger: { debug: error, info: error, warn: error, error } });
      const ws = new FakeSocket({ userId: "" });
      system.manager.handleOpen(Object.assign(ws, { data: data as never }));
      expect(ws.closedWith?.code).toBe(4401);
      expect(stats()).toEqual({ totalUsers: 0, totalConnections: 0 });
      expect(error).toHaveBeenCalledWith({}, expect.stringContaining("data: { userId }"));
    },
  );

  it("twice is open once", async () => {
    create();
    const ws = await system.open("ada");
    system.manager.handleOpen(ws);
    await system.clock.settle();
    expect(ws.heard("welcome")).toHaveLength(1);
    await system.drop(ws);
    expect(stats()).toEqual({ totalUsers: 0, totalConnections: 0 });
    await system.clock.advance(20_000);
    expect(system.internals.channels.size).toBe(0);
  });

  it("and closes while it is being admitted leaves nothing", async () => {
    create({ maxConnectionsPerUser: 1 });
    for (let n = 0; n < 3; n++) {
      const ws = system.begin("ada");
      for (let turn = 0; turn < n; turn++) await Promise.resolve();
      system.manager.handleClose(ws, 1006);
      await system.clock.settle();
    }
    expect(stats()).toEqual({ totalUsers: 0, totalConnections: 0 });
    expect((await system.open("ada")).types).toContain("welcome");
  });
});

describe("a user with too many connections", () => {
  it("gets 4011 for the new one, where the runtime has upgraded already", async () => {
    create({ maxConnectionsPerUser: 1 });
    const [first, second] = [await system.open("ada"), await system.open("ada")];
    expect(second.closedWith?.code).toBe(4011);
    expect(second.types).not.toContain("welcome");
    expect(first.closedWith).toBeUndefined();
    expect(stats()).toEqual({ totalUsers: 1, totalConnections: 1 });
  });

  it("loses the oldest with 4410 where the policy says so, and nobody hears of it", async () => {
    create({ maxConnectionsPerUser: 2, onConnectionLimit: "close-oldest" });
    const bea = await system.open("bea");
    const sockets = [];
    for (let n = 0; n < 3; n++) {
      sockets.push(await system.open("ada"));
      await system.clock.advance(1_000);
    }
    expect(sockets.map(({ closedWith }) => closedWith?.code)).toEqual([4410, undefined, undefined]);
    await system.clock.advance(10_000);
    expect(bea.heard("user_joined")).toHaveLength(1);
    expect(bea.heard("user_left")).toEqual([]);
  });

  it("is told so in the application's own words, and heard", async () => {
    const asked: ConnectionContext[] = [];
    create({
      maxConnectionsPerUser: 1,
      onConnectionLimit: (context) => {
        asked.push(context);
        return new HalyardError("limit_exceeded", "Close a tab first.");
      },
    });
    await system.open("ada");
    const ws = await system.open("ada");
    expect(ws.heard()).toMatchObject([
      { type: "error", code: "limit_exceeded", message: "Close a tab first." },
    ]);
    expect(ws.closedWith?.code).toBe(4011);
    expect(asked).toMatchObject([{ ws, user: { id: "ada" } }]);
  });

  it("may have the application choose the oldest", async () => {
    create({ maxConnectionsPerUser: 1, onConnectionLimit: () => "close-oldest" });
    const [first, second] = [await system.open("ada"), await system.open("ada")];
    expect([first.closedWith?.code, second.closedWith?.code]).toEqual([4410, undefined]);
  });

  it("is let in nowhere by a hook that fails: the client comes back later", async () => {
    const failure = new Error("hook");
    create({
      maxConnectionsPerUser: 1,
      onConnectionLimit: () => {
        throw failure;
      },
    });
    await system.open("ada");
    expect((await system.open("ada")).closedWith?.code).toBe(1013);
    expect(system.errors).toMatchObject([{ error: failure, context: { type: "open" } }]);
  });

  it("is counted rightly, however long a client has been here before it comes back", async () => {
    create({ maxConnectionsPerUser: 2 });
    await system.join("ada", { attempt: 1 });
    await system.clock.advance(3_600_000);
    await system.join("ada", { attempt: 2 });
    await system.open("ada");
    await system.clock.advance(60_000);
    expect((await system.open("ada")).closedWith?.code).toBe(4011);
  });
});

describe("a newer attempt of a client", () => {
  it("closes the older one with 4409, also while that still looks open, and presence does not flap", async () => {
    create();
    const bea = await system.open("bea");
    const old = await system.join("ada");
    await system.clock.advance(1_000);
    const now = await system.join("ada", { attempt: 2 });
    expect([old.closedWith?.code, now.closedWith?.code]).toEqual([4409, undefined]);
    await system.clock.advance(60_000);
    expect(bea.heard("user_joined")).toHaveLength(1);
    expect(bea.heard("user_left")).toEqual([]);
  });

  it("stays when the hello of an older one is late", async () => {
    create();
    const now = await system.join("ada", { attempt: 5 });
    const late = await system.join("ada", { attempt: 4 });
    expect([late.closedWith?.code, now.closedWith?.code]).toEqual([4409, undefined]);
    expect(late.types).not.toContain("welcome");
  });

  it("of another user with the same client id is somebody else", async () => {
    create();
    const ada = await system.join("ada");
    await system.join("eve", { attempt: 9 });
    expect(ada.closedWith).toBeUndefined();
  });

  it("of a browser that says so in its address is known before hello", async () => {
    create();
    const headers = new Headers({ "sec-websocket-protocol": "halyard.v1" });
    const at = (attempt: number): Promise<FakeSocket> =>
      system.upgrade({ id: "ada" }, { headers, url: `/ws?c=${CLIENT_ID}&a=${String(attempt)}` });
    const first = await at(1);
    const second = await at(3);
    const third = await at(2);
    expect([first, second, third].map(({ closedWith }) => closedWith?.code)).toEqual([4409, undefined, 4409]);
  });
});

describe("a close", () => {
  it.each([
    [1000, []],
    [1005, []],
    [undefined, []],
    [1001, ["ada"]],
    [1006, ["ada"]],
    [3001, ["ada"]],
  ])("with %s leaves online: %j", async (code, expected) => {
    create();
    const ws = await system.open("ada");
    system.manager.handleClose(ws, code);
    expect(await online()).toEqual(expected);
    await system.clock.advance(5_000);
    expect(await online()).toEqual([]);
  });

  it.each([
    [4401, []],
    [4403, []],
  ] as const)("by the server with %i leaves online: %j", async (code, expected) => {
    create();
    const ws = await system.open("ada");
    await system.manager.disconnectUser("ada", { code, reason: "bye" });
    expect(ws.closedWith).toEqual({ code, reason: "bye" });
    expect(await online()).toEqual(expected);
  });

  it("writes first what was said before it", async () => {
    create();
    const ws = await system.open("ada");
    ws.take();
    system.manager.send(ws, { type: "pong" });
    void system.manager.disconnectUser("ada");
    expect(ws.types).toEqual(["pong"]);
  });

  it("that fails leaves nothing of the connection, and the others where they are", async () => {
    create();
    const [ada, bea] = [await system.open("ada"), await system.open("bea")];
    ada.failure = new Error("broken");
    void system.manager.broadcastMessage({ type: "announcement", message: "hello" });
    await system.clock.settle();
    expect(stats()).toEqual({ totalUsers: 1, totalConnections: 1 });
    expect(bea.types).toContain("announcement");
  });

  it("happens once, whatever the runtime says after it", async () => {
    const onDisconnect = vi.fn();
    create({ onDisconnect });
    const ws = await system.open("ada");
    await system.manager.disconnectUser("ada", { code: 4403 });
    await system.drop(ws, 1006);
    expect(onDisconnect).toHaveBeenCalledExactlyOnceWith(
      { ws, user: { id: "ada" }, session: undefined },
      4403,
    );
  });
});

describe("onConnect and onDisconnect", () => {
  it("are called once for each connection that was let in, and for no other", async () => {
    const calls: string[] = [];
    create({
      maxConnectionsPerUser: 1,
      onConnect: ({ user }) => calls.push(`+${user.id}`),
      onDisconnect: ({ user }, code) => calls.push(`-${user.id} ${String(code)}`),
    });
    const ws = await system.open("ada");
    await system.open("ada");
    await system.drop(ws, 1001);
    expect(calls).toEqual(["+ada", "-ada 1001"]);
  });

  it("are called for a v1 client once it has said hello", async () => {
    const calls: string[] = [];
    create({ onConnect: () => calls.push("+"), onDisconnect: () => calls.push("-") });
    await system.drop(await system.openV1("ada"));
    expect(calls).toEqual([]);
    await system.drop(await system.join("ada"));
    expect(calls).toEqual(["+", "-"]);
  });

  it("that fail are reported, and change nothing", async () => {
    const failure = new Error("hook");
    create({ onConnect: () => Promise.reject(failure), onDisconnect: () => Promise.reject(failure) });
    const ws = await system.open("ada");
    expect(ws.types).toContain("welcome");
    await system.drop(ws);
    expect(system.errors.map(({ error }) => error)).toEqual([failure, failure]);
  });

  it("that hang hold up nobody for more than 30 s", async () => {
    create({ onConnect: () => new Promise(() => undefined) });
    const ws = await system.join("ada");
    await system.clock.advance(29_999);
    expect(ws.types).toEqual([]);
    expect(ws.closedWith).toBeUndefined();
    await system.clock.advance(1);
    expect(ws.types).toContain("welcome");
    expect(system.errors).toMatchObject([{ context: { type: "onConnect" } }]);
  });
});
