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

describe("opening a socket", () => {
  it("stores the runtime's own socket object in the maps before handleOpen returns", () => {
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

  it("counts users and connections until each connection closes", async () => {
    create();
    const tabs = [await system.open("ada"), await system.open("ada"), await system.open("bea")];
    expect(stats()).toEqual({ totalUsers: 2, totalConnections: 3 });
    await system.drop(tabs[0] ?? new FakeSocket({ userId: "" }));
    expect(stats()).toEqual({ totalUsers: 2, totalConnections: 2 });
  });

  it.each([undefined, null, "ada", {}, { userId: "" }, { userId: 7 }])(
    "closes a socket without a user with 4401 when its data is %j",
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

  it("opens a socket once when handleOpen is called twice", async () => {
    create();
    const ws = await system.open("ada");
    system.manager.handleOpen(ws);
    await system.clock.settle();
    expect(ws.received("welcome")).toHaveLength(1);
    await system.drop(ws);
    expect(stats()).toEqual({ totalUsers: 0, totalConnections: 0 });
    await system.clock.advance(20_000);
    expect(system.internals.channels.size).toBe(0);
  });

  it("leaves nothing behind when a socket closes during its admission", async () => {
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
  it("closes the new connection with 4011 when the runtime has upgraded it already", async () => {
    create({ maxConnectionsPerUser: 1 });
    const [first, second] = [await system.open("ada"), await system.open("ada")];
    expect(second.closedWith?.code).toBe(4011);
    expect(second.types).not.toContain("welcome");
    expect(first.closedWith).toBeUndefined();
    expect(stats()).toEqual({ totalUsers: 1, totalConnections: 1 });
  });

  it("closes the oldest connection with 4410 under the policy close-oldest, and presence does not change", async () => {
    create({ maxConnectionsPerUser: 2, onConnectionLimit: "close-oldest" });
    const bea = await system.open("bea");
    const sockets = [];
    for (let n = 0; n < 3; n++) {
      sockets.push(await system.open("ada"));
      await system.clock.advance(1_000);
    }
    expect(sockets.map(({ closedWith }) => closedWith?.code)).toEqual([4410, undefined, undefined]);
    await system.clock.advance(10_000);
    expect(bea.received("user_joined")).toHaveLength(1);
    expect(bea.received("user_left")).toEqual([]);
  });

  it("sends the error that the application's policy returns, then closes with 4011", async () => {
    const contexts: ConnectionContext[] = [];
    create({
      maxConnectionsPerUser: 1,
      onConnectionLimit: (context) => {
        contexts.push(context);
        return new HalyardError("limit_exceeded", "Close a tab first.");
      },
    });
    await system.open("ada");
    const ws = await system.open("ada");
    expect(ws.received()).toMatchObject([
      { type: "error", code: "limit_exceeded", message: "Close a tab first." },
    ]);
    expect(ws.closedWith?.code).toBe(4011);
    expect(contexts).toMatchObject([{ ws, user: { id: "ada" } }]);
  });

  it("closes the oldest connection when the application's policy returns close-oldest", async () => {
    create({ maxConnectionsPerUser: 1, onConnectionLimit: () => "close-oldest" });
    const [first, second] = [await system.open("ada"), await system.open("ada")];
    expect([first.closedWith?.code, second.closedWith?.code]).toEqual([4410, undefined]);
  });

  it("closes the new connection with 1013 when the policy throws", async () => {
    const failure = new Error("hook");
    create({
      maxConnectionsPerUser: 1,
      onConnectionLimit: () => {
        throw failure;
      },
    });
    await system.open("ada");
    expect((await system.open("ada")).closedWith?.code).toBe(1013);
    expect(system.errors).toMatchObject([{ error: failure, context: { type: "onConnectionLimit" } }]);
  });

  it("counts a client that reconnects after an hour as one connection", async () => {
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
  it("closes the older attempt with 4409, and presence does not change", async () => {
    create();
    const bea = await system.open("bea");
    const old = await system.join("ada");
    await system.clock.advance(1_000);
    const now = await system.join("ada", { attempt: 2 });
    expect([old.closedWith?.code, now.closedWith?.code]).toEqual([4409, undefined]);
    await system.clock.advance(60_000);
    expect(bea.received("user_joined")).toHaveLength(1);
    expect(bea.received("user_left")).toEqual([]);
  });

  it("stays open when the hello of an older attempt arrives later", async () => {
    create();
    const now = await system.join("ada", { attempt: 5 });
    const late = await system.join("ada", { attempt: 4 });
    expect([late.closedWith?.code, now.closedWith?.code]).toEqual([4409, undefined]);
    expect(late.types).not.toContain("welcome");
  });

  it("leaves another user's connection with the same client id open", async () => {
    create();
    const ada = await system.join("ada");
    await system.join("eve", { attempt: 9 });
    expect(ada.closedWith).toBeUndefined();
  });

  it("is recognized before its hello by the client id and the attempt in its URL", async () => {
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

describe("closing a connection", () => {
  it.each([
    [1000, []],
    [1005, []],
    [undefined, []],
    [1001, ["ada"]],
    [1006, ["ada"]],
    [3001, ["ada"]],
  ])("leaves, after the close code %s, these users online: %j", async (code, expected) => {
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
  ] as const)(
    "leaves, after a close by the server with %i, these users online: %j",
    async (code, expected) => {
      create();
      const ws = await system.open("ada");
      await system.manager.disconnectUser("ada", { code, reason: "bye" });
      expect(ws.closedWith).toEqual({ code, reason: "bye" });
      expect(await online()).toEqual(expected);
    },
  );

  it("writes queued frames before the socket closes", async () => {
    create();
    const ws = await system.open("ada");
    ws.take();
    system.manager.send(ws, { type: "pong" });
    void system.manager.disconnectUser("ada");
    expect(ws.types).toEqual(["pong"]);
  });

  it("removes a connection whose socket throws, and keeps the others open", async () => {
    create();
    const [ada, bea] = [await system.open("ada"), await system.open("bea")];
    ada.failure = new Error("broken");
    void system.manager.broadcastMessage({ type: "announcement", message: "hello" });
    await system.clock.settle();
    expect(stats()).toEqual({ totalUsers: 1, totalConnections: 1 });
    expect(bea.types).toContain("announcement");
  });

  it("calls onDisconnect once when the runtime reports the close of a closed connection", async () => {
    const onDisconnect = vi.fn();
    create({ onDisconnect });
    const ws = await system.open("ada");
    await system.manager.disconnectUser("ada", { code: 4403 });
    await system.drop(ws, 1006);
    expect(onDisconnect).toHaveBeenCalledExactlyOnceWith(
      { ws, user: { id: "ada" }, session: undefined, connectionId: expect.any(String) as string },
      4403,
    );
  });
});

describe("onConnect and onDisconnect", () => {
  it("are called once for each admitted connection, and for no rejected one", async () => {
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

  it("are called for a v1 client only after its hello", async () => {
    const calls: string[] = [];
    create({ onConnect: () => calls.push("+"), onDisconnect: () => calls.push("-") });
    await system.drop(await system.openV1("ada"));
    expect(calls).toEqual([]);
    await system.drop(await system.join("ada"));
    expect(calls).toEqual(["+", "-"]);
  });

  it("are reported when they reject", async () => {
    const failure = new Error("hook");
    create({ onConnect: () => Promise.reject(failure), onDisconnect: () => Promise.reject(failure) });
    await system.drop(await system.open("ada"));
    expect(system.errors).toMatchObject([
      { error: failure, context: { type: "onConnect" } },
      { error: failure, context: { type: "onDisconnect" } },
    ]);
  });

  it("close the connection with 1013 when onConnect hangs for 30 s", async () => {
    create({ onConnect: () => new Promise(() => undefined) });
    const ws = await system.join("ada");
    await system.clock.advance(29_999);
    expect(ws.types).toEqual([]);
    expect(ws.closedWith).toBeUndefined();
    await system.clock.advance(1);
    expect(ws.closedWith?.code).toBe(1013);
    expect(system.errors).toMatchObject([{ context: { type: "onConnect" } }]);
  });
});
