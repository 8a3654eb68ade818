import { ServerFrame } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { CLIENT_ID, TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";

let system: TestSystem;
const create = (config: TestConfig = {}): TestSystem => (system = new TestSystem(config));
const hello = (more: object = {}): object => ({ type: "hello", clientId: CLIENT_ID, attempt: 1, ...more });
const channelsOf = (ws: FakeSocket): Record<string, { recovered: unknown }> =>
  (ws.received("welcome").at(-1)?.["channels"] ?? {}) as Record<string, { recovered: unknown }>;

afterEach(() => system.expectToEndCleanly());

describe("a plain client", () => {
  it("receives a welcome and a user_list that PROTOCOL.md describes when it opens", async () => {
    const ws = await create().open("ada", { name: "Ada", email: "ada@example.com" });
    expect(ws.types).toEqual(["welcome", "user_list"]);
    for (const frame of ws.received()) expect(ServerFrame.parse(frame)).toEqual(frame);
    expect(ws.received("welcome")).toMatchObject([
      {
        user: { userId: "ada", name: "Ada", connectedAt: "2026-11-23T00:00:00.000Z" },
        limits: { messageBytes: 65_536, unacknowledged: 32, messagesPerSecond: 50, bytesPerSecond: 262_144 },
        heartbeat: { intervalMs: 25_000, timeoutMs: 35_000 },
        ephemeral: ["typing_indicator"],
        channels: { all: { off: 0, recovered: "new" }, "user:ada": { off: 0, recovered: "new" } },
      },
    ]);
    expect(ws.texts.join()).not.toContain("example.com");
  });

  it("is subscribed in the turn in which its socket opens", async () => {
    const ws = create().begin("ada");
    void system.manager.broadcastMessage({ type: "announcement", message: "in the same turn" });
    await system.clock.settle();
    expect(ws.received("announcement")).toMatchObject([{ message: "in the same turn" }]);
  });

  it("becomes a v1 client by a hello as its first frame, with one new welcome and no frame in between", async () => {
    const ws = await create().open("ada");
    ws.take();
    system.hand(ws, hello());
    void system.manager.broadcastMessage({ type: "announcement", message: "meanwhile" });
    await system.clock.settle();
    expect(ws.types).toEqual(["welcome", "user_list"]);
    await system.say(ws, { type: "chat_message", content: "a", $: { seq: 1 } });
    expect(ws.received("reply")).toMatchObject([{ $: { re: 1 } }]);
  });

  it("is refused with conflict when its hello is not its first frame", async () => {
    const ws = await create().open("ada");
    await system.say(ws, { type: "ping" });
    const [error] = await system.ask(ws, hello());
    expect(error).toMatchObject({ type: "error", code: "conflict" });
  });

  it("counts as one connection after it has become a v1 client", async () => {
    create({ maxConnectionsPerUser: 1 });
    const ws = await system.open("ada");
    await system.say(ws, hello());
    await system.clock.advance(60_000);
    expect((await system.open("ada")).closedWith?.code).toBe(4011);
    expect(ws.closedWith).toBeUndefined();
  });
});

describe("a v1 client", () => {
  it("receives nothing before its hello, and then a welcome that names the id of the hello", async () => {
    const ws = await create().openV1("ada");
    void system.manager.broadcastMessage({ type: "announcement", message: "early" });
    await system.clock.settle();
    expect(ws.texts).toEqual([]);
    await system.say(ws, hello({ $: { id: "h1" } }));
    expect(ws.types).toEqual(["welcome", "user_list"]);
    expect(ws.received("welcome")[0]?.$).toEqual({ re: "h1" });
  });

  it("is closed with 4010 when it sends no hello for ten seconds", async () => {
    const ws = await create().openV1("ada");
    await system.clock.advance(9_999);
    expect(ws.closedWith).toBeUndefined();
    await system.clock.advance(1);
    expect(ws.closedWith).toEqual({ code: 4010, reason: "no hello" });
  });

  it("stays open while its hello waits for onConnect", async () => {
    create({ onConnect: () => new Promise((resolve) => system.clock.setTimeout(() => resolve(1), 15_000)) });
    const ws = await system.join("ada");
    await system.clock.advance(15_000);
    expect(ws.closedWith).toBeUndefined();
    expect(ws.types).toEqual(["welcome", "user_list"]);
  });

  it("receives one error and is then closed with 4400 when it sends other frames before its hello", async () => {
    const ws = await create().openV1("ada");
    await system.say(ws, { type: "chat_message", content: "a", $: { seq: 1 } });
    expect(ws.received()).toMatchObject([{ type: "error", code: "conflict", $: { re: 1 } }]);
    expect(ws.closedWith).toBeUndefined();
    await system.say(ws, { type: "ping" });
    expect(ws.closedWith?.code).toBe(4400);
  });

  it.each([
    ["a second hello", hello({ attempt: 2 })],
    ["an invalid hello after the first", { type: "hello" }],
  ])("receives the error conflict for %s, and stays open", async (_, frame) => {
    const ws = await create().join("ada");
    expect(await system.ask(ws, frame)).toMatchObject([{ type: "error", code: "conflict" }]);
    expect(ws.closedWith).toBeUndefined();
  });

  it.each([
    hello({ clientId: "short" }),
    hello({ attempt: 0 }),
    hello({ rooms: [7] }),
    hello({ positions: [{ ch: "all", epoch: "x", off: -1 }] }),
    hello({ rooms: Array.from({ length: 1_001 }, (_, n) => String(n)) }),
  ])("receives an error and is closed with 4400 for invalid hello %#", async (frame) => {
    const ws = await create().openV1("ada");
    await system.say(ws, frame);
    expect(ws.received()).toMatchObject([
      { type: "error", code: expect.stringMatching(/^(invalid_message|limit_exceeded)$/) as string },
    ]);
    expect(ws.closedWith?.code).toBe(4400);
  });

  it("is closed with 4426 when acceptContract refuses its contract", async () => {
    create({ acceptContract: (contract) => contract === "2" });
    expect((await system.join("ada", { contract: "1" })).closedWith?.code).toBe(4426);
    expect((await system.join("ada", { contract: "2", attempt: 2 })).types).toContain("welcome");
  });

  it("is closed with 4400 when its hello names another attempt than its URL", async () => {
    create();
    const headers = new Headers({ "sec-websocket-protocol": "halyard.v1" });
    const ws = await system.upgrade({ id: "ada" }, { headers, url: `/ws?c=${CLIENT_ID}&a=3` });
    await system.say(ws, hello({ attempt: 2 }));
    expect(ws.received("error")).toMatchObject([{ code: "conflict" }]);
    expect(ws.closedWith?.code).toBe(4400);
  });

  it("is closed with 1011, so that it reconnects, when its channels cannot be read for a reason of the backplane's own", async () => {
    create();
    const error = new Error("a bug");
    Object.assign(system.internals.backplane, { read: () => Promise.reject(error) });
    const ws = await system.join("ada");
    expect(ws.closedWith?.code).toBe(1011);
    expect(system.errors.map((each) => each.error)).toEqual([error]);
  });

  it("has pending channels when they cannot be read because the backplane does not answer, and follows them later", async () => {
    create();
    const { backplane } = system.internals;
    const read = backplane.read.bind(backplane);
    Object.assign(backplane, { read: () => Promise.reject(new HalyardError("unavailable")) });
    const ws = await system.join("ada");
    const pending = { epoch: "-", off: 0, recovered: "pending" };
    expect(ws.received("welcome")).toMatchObject([{ channels: { all: pending, "user:ada": pending } }]);
    Object.assign(backplane, { read });
    await system.clock.advance(4_000);
    expect(ws.received("gap")).toMatchObject([
      { ch: "all", reason: "lost" },
      { ch: "user:ada", reason: "lost" },
    ]);
    expect(system.errors).toEqual([]);
  });
});

describe("a welcome", () => {
  it("cancels the timer that waits for the hello", async () => {
    create({ builtIns: { presence: false } });
    // The first connection leaves the one timer of idle channels.
    await system.join("bea");
    const before = system.clock.timers;
    await system.join("ada");
    expect(system.clock.timers).toBe(before);
  });

  it("joins the connection to the requested rooms that authorize allows", async () => {
    create({ authorize: ({ room }) => room !== "secret" });
    const ws = await system.join("ada", { rooms: ["general", "secret"] });
    expect(channelsOf(ws)).toMatchObject({
      "room:general": { recovered: "new" },
      "room:secret": { recovered: "forbidden" },
    });
    expect(ws.types).toEqual(["welcome", "left", "user_list", "user_list"]);
    void system.manager.sendToRoom("secret", { type: "announcement", message: "secret" });
    await system.clock.settle();
    expect(ws.received("announcement")).toEqual([]);
  });

  const noToAll = { at_once: () => false, later: () => Promise.resolve(false) };
  it.each(Object.entries(noToAll))(
    'subscribes the connection to "all" only with the right to it, decided %s',
    async (_, authorize) => {
      create({ authorize });
      const plain = await system.open("ada");
      const v1 = await system.join("bea");
      for (const ws of [plain, v1]) expect(channelsOf(ws)).toMatchObject({ all: { recovered: "forbidden" } });
      void system.manager.broadcastMessage({ type: "announcement", message: "everyone" });
      await system.clock.settle();
      for (const ws of [plain, v1]) expect(ws.texts.join()).not.toContain("everyone");
    },
  );

  it("replays nothing of a room whose history the client may no longer read", async () => {
    let may = true;
    create({ authorize: ({ action, room }) => room === "all" || action === "join" || may });
    const ws = await system.join("ada", { rooms: ["general"] });
    const { epoch, off } = channelsOf(ws)["room:general"] as unknown as { epoch: string; off: number };
    await system.drop(ws);
    void system.manager.sendToRoom("general", { type: "announcement", message: "missed" });
    may = false;
    const positions = [{ ch: "room:general", epoch, off }];
    const again = await system.join("ada", { attempt: 2, rooms: ["general"], positions });
    expect(channelsOf(again)).toMatchObject({ "room:general": { recovered: "forbidden" } });
    expect(again.received("gap")).toMatchObject([{ ch: "room:general", reason: "forbidden" }]);
    expect(again.received("left")).toMatchObject([{ room: "general", reason: "forbidden" }]);
    expect(again.texts.join()).not.toContain("missed");
  });

  it("contains the rooms that onConnect joins, and messages arrive from rooms that it joins a moment later", async () => {
    create({
      onConnect: async ({ ws }) => {
        await system.manager.join(ws, "given");
        void Promise.resolve().then(() => system.manager.join(ws, "later"));
      },
    });
    const ws = await system.join("ada");
    expect(Object.keys(channelsOf(ws))).toContain("room:given");
    for (const room of ["given", "later"])
      void system.manager.sendToRoom(room, { type: "announcement", message: room });
    await system.clock.settle();
    expect(ws.received("announcement").map(({ message }) => message)).toEqual(["given", "later"]);
  });

  it("is followed by left for each room above the limit, and no message of these rooms arrives", async () => {
    create({
      limits: { rooms: 2 },
      authorize: () => true,
      onConnect: ({ ws }) => system.manager.join(ws, "given"),
    });
    const ws = await system.join("ada", { rooms: ["a", "b", "given", "c"] });
    expect(Object.keys(channelsOf(ws))).toEqual(["all", "user:ada", "room:given", "room:a"]);
    expect(ws.received("left")).toEqual([
      { type: "left", room: "b", reason: "limit_exceeded" },
      { type: "left", room: "c", reason: "limit_exceeded" },
    ]);
    void system.manager.sendToRoom("b", { type: "announcement", message: "missed" });
    await system.clock.settle();
    expect(ws.received("announcement")).toEqual([]);
    expect(system.manager.getMetrics().security).toEqual({ limit: { rooms: 1 } });
  });

  it("contains no room that the server left again before it", async () => {
    create({
      onConnect: async ({ ws }) => {
        await system.manager.join(ws, "general");
        await system.manager.leave(ws, "general");
      },
    });
    const ws = await system.join("ada");
    expect(Object.keys(channelsOf(ws))).toEqual(["all", "user:ada"]);
  });

  it("is followed by messages that are published after it, and by none that were published before it", async () => {
    create();
    await system.manager.broadcastMessage({ type: "announcement", message: "before" });
    const ws = await system.join("ada");
    await system.manager.broadcastMessage({ type: "announcement", message: "after" });
    await system.clock.settle();
    expect(channelsOf(ws)).toMatchObject({ all: { off: 1 } });
    expect(ws.received("announcement")).toMatchObject([{ message: "after", $: { off: 2 } }]);
  });
});
