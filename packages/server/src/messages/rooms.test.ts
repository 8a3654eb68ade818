import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";
import type { AuthorizeRequest } from "../types.ts";

let system: TestSystem;
const create = (config: TestConfig = {}): TestSystem =>
  (system = new TestSystem({ authorize: () => true, ...config }));
const join = (room: string, id = "r1"): object => ({ type: "join", room, $: { id } });
const leave = (room: string, id = "r2"): object => ({ type: "leave", room, $: { id } });
const announce = async (room: string, message = "hello"): Promise<void> => {
  void system.manager.sendToRoom(room, { type: "announcement", message });
  await system.clock.settle();
};
const announced = (ws: FakeSocket): unknown[] => ws.received("announcement").map(({ message }) => message);

afterEach(() => system.expectToEndCleanly());

describe("a join of a client", () => {
  it("gets the position of the channel, then the list of users, then the messages of the room", async () => {
    const ws = await create().join("ada");
    await announce("a", "before");
    const answer = await system.ask(ws, join("a"));
    expect(answer).toMatchObject([
      { type: "reply", result: { ch: "room:a", off: 1 }, $: { re: "r1" } },
      { type: "user_list", room: "a", users: [{ userId: "ada" }], total: 1 },
    ]);
    await announce("a", "after");
    expect(announced(ws)).toEqual(["after"]);
  });

  it("has no effect when the connection is already in the room", async () => {
    const ws = await create().join("ada");
    await system.say(ws, join("a"));
    await system.say(ws, join("a"));
    await announce("a");
    expect(announced(ws)).toEqual(["hello"]);
    expect(ws.received("error")).toEqual([]);
  });

  it("is forbidden where authorize denies it, and tells nothing about the room", async () => {
    create({ authorize: ({ room }) => room === "all" });
    const ws = await system.join("ada");
    expect(await system.ask(ws, join("a"))).toMatchObject([
      { type: "error", code: "forbidden", $: { re: "r1" } },
    ]);
    await announce("a");
    expect(announced(ws)).toEqual([]);
  });

  it("is forbidden to everyone without an authorize, which is logged once", async () => {
    const warn = vi.fn();
    system = new TestSystem({ logger: { debug: warn, info: warn, error: warn, warn } });
    const ws = await system.join("ada");
    for (const room of ["a", "b"])
      expect(await system.ask(ws, join(room))).toMatchObject([{ code: "forbidden" }]);
    const hints = warn.mock.calls.filter(([, text]) => String(text).includes("authorize: ("));
    expect(hints.map(([fields]) => fields as unknown)).toEqual([{ room: "a" }]);
  });

  it("is refused when authorize throws, and onError gets the error", async () => {
    const failure = new Error("away");
    create({ authorize: ({ room }) => room === "all" || Promise.reject(failure) });
    const ws = await system.join("ada");
    expect(await system.ask(ws, join("a"))).toMatchObject([{ code: "internal" }]);
    expect(system.errors).toMatchObject([{ error: failure }]);
  });

  it.each(["", "all", "a\u200b", "x".repeat(129), 7, null, "__proto__\n"])(
    "gets invalid_message for the room name %j",
    async (room) => {
      const ws = await create().join("ada");
      expect(await system.ask(ws, { type: "join", room, $: { id: "r1" } })).toMatchObject([
        { code: "invalid_message" },
      ]);
    },
  );

  it("accepts __proto__ as a room name like any other", async () => {
    const ws = await create().join("ada");
    await system.say(ws, join("__proto__"));
    await announce("__proto__");
    expect(announced(ws)).toEqual(["hello"]);
  });

  it("gets limit_exceeded for one room too many, also when the joins come at once", async () => {
    create({ limits: { rooms: 3 } });
    const ws = await system.join("ada");
    ws.take();
    for (const room of ["a", "b", "c", "d"]) system.hand(ws, join(room, room));
    await system.clock.settle();
    expect(ws.received("reply").map(({ $ }) => $?.re)).toEqual(["a", "b", "c"]);
    expect(ws.received("error")).toMatchObject([{ code: "limit_exceeded", $: { re: "d" } }]);
  });

  it("gets rate_limited above 10 per second, after a burst of 30", async () => {
    const ws = await create().join("ada");
    for (let n = 0; n < 31; n++) system.hand(ws, join(`r${String(n)}`));
    await system.clock.settle();
    expect(ws.received("error")).toMatchObject([{ code: "rate_limited", retryAfterMs: 100 }]);
  });

  it("leaves no membership behind when the connection closes during it", async () => {
    create({ authorize: () => new Promise((resolve) => system.clock.setTimeout(() => resolve(true), 100)) });
    const opening = system.join("ada");
    await system.clock.advance(500);
    const ws = await opening;
    await system.clock.advance(1_000);
    system.hand(ws, join("a"));
    await system.clock.advance(50);
    await system.drop(ws, 1000);
    await system.clock.advance(60_000);
    expect(system.internals.channels.size).toBe(0);
    expect((await system.manager.listUsers({ room: "a" })).total).toBe(0);
  });
});

describe("a leave of a client", () => {
  it("ends the delivery of the room, and has no effect outside the room", async () => {
    const ws = await create().join("ada");
    await system.say(ws, join("a"));
    expect(await system.ask(ws, leave("a"))).toEqual([{ type: "reply", $: { re: "r2" } }]);
    expect(await system.ask(ws, leave("b"))).toEqual([{ type: "reply", $: { re: "r2" } }]);
    await announce("a");
    expect(announced(ws)).toEqual([]);
    expect((await system.manager.listUsers({ room: "a" })).total).toBe(0);
  });

  it("right after a join takes effect after that join, however long the join waits", async () => {
    create({
      authorize: ({ room }) => room === "all" || new Promise((resolve) => setImmediate(() => resolve(true))),
    });
    const ws = await system.join("ada");
    ws.take();
    for (const frame of [join("a", "1"), leave("a", "2"), join("b", "3"), leave("b", "4"), join("b", "5")])
      system.hand(ws, frame);
    for (let turn = 0; turn < 10; turn++) await system.clock.settle();
    expect(
      ws
        .received("reply")
        .map(({ $ }) => $?.re)
        .toSorted(),
    ).toEqual(["1", "2", "3", "4", "5"]);
    for (const room of ["a", "b"]) await announce(room, room);
    expect(announced(ws)).toEqual(["b"]);
  });
});

describe("the manager", () => {
  it("joins a connection to a room without authorize, and sends it the position of the channel", async () => {
    create({ authorize: ({ room }) => room === "all" });
    const [v1, plain] = [await system.join("ada"), await system.open("bea")];
    for (const ws of [v1, plain]) {
      ws.take();
      await system.manager.join(ws, "a");
    }
    await system.clock.settle();
    expect(v1.types[0]).toBe("joined");
    expect(v1.received("joined")).toMatchObject([{ room: "a", off: 0 }]);
    expect(plain.types).not.toContain("joined");
    await announce("a");
    expect([announced(v1), announced(plain)]).toEqual([["hello"], ["hello"]]);
  });

  it("removes a connection from a room, and sends it left with the reason", async () => {
    const ws = await create().join("ada");
    await system.say(ws, join("a"));
    ws.take();
    await system.manager.leave(ws, "a");
    await system.manager.leave(ws, "b");
    await announce("a");
    expect(ws.received()).toEqual([{ type: "left", room: "a", reason: "forbidden", $: { ch: "room:a" } }]);
  });

  it("throws a TypeError for an invalid room name, and does nothing for a closed socket", async () => {
    const ws = await create().open("ada");
    await expect(system.manager.join(ws, "a\n")).rejects.toThrow(TypeError);
    await system.drop(ws);
    await system.manager.join(ws, "a");
    await system.manager.leave(ws, "a");
    expect((await system.manager.listUsers({ room: "a" })).total).toBe(0);
  });

  it("joins no socket that closes meanwhile, and does not reject for it", async () => {
    const ws = await create().join("ada");
    const joining = system.manager.join(ws, "a");
    await system.drop(ws);
    await joining;
    expect((await system.manager.listUsers({ room: "a" })).total).toBe(0);
  });
});

describe("a message to a room", () => {
  const chat = (room: string): object => ({
    type: "chat_message",
    content: "hi",
    $: { seq: 1, ch: `room:${room}` },
  });

  it("is published only for members that authorize allows", async () => {
    const asked: AuthorizeRequest[] = [];
    create({
      authorize: (request) => (
        asked.push(request),
        request.action !== "publish" || request.room !== "silent"
      ),
    });
    const [ada, bea] = [
      await system.join("ada", { rooms: ["a", "silent"] }),
      await system.join("bea", { rooms: ["a"] }),
    ];
    expect(await system.ask(ada, chat("a"))).toMatchObject([{ type: "chat_message" }, { type: "reply" }]);
    expect(bea.received("chat_message")).toMatchObject([{ from: { userId: "ada" }, $: { ch: "room:a" } }]);
    expect(asked).toContainEqual(expect.objectContaining({ action: "publish", room: "a" }));
    const silent = { ...chat("silent"), $: { seq: 2, ch: "room:silent" } };
    expect(await system.ask(ada, silent)).toMatchObject([{ code: "forbidden" }]);
    expect(await system.ask(bea, chat("other"))).toMatchObject([{ code: "forbidden" }]);
  });

  it.each(["user:bea", "nonsense", "room", "ALL"])(
    "is refused for %s, which is not a channel that clients send to",
    async (ch) => {
      const ws = await create().join("ada");
      const answer = await system.ask(ws, { type: "chat_message", content: "hi", $: { seq: 1, ch } });
      expect(answer).toMatchObject([{ type: "error", code: "invalid_message" }]);
    },
  );
});
