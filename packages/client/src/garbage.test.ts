import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, reply, welcome } from "../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const TYPES = [
  "welcome",
  "pong",
  "reply",
  "error",
  "left",
  "joined",
  "gap",
  "skip",
  "reconnect",
  "user_list",
  "user_joined",
];
const MORE = [
  "user_left",
  "chat_message",
  "typing_indicator",
  "poll_result",
  "hello",
  "__proto__",
  "constructor",
];

describe("a server that sends garbage", () => {
  it("changes nothing with what is no frame", async () => {
    const world = createWorld();
    const socket = await world.open();
    const frames = [
      "",
      "{",
      "null",
      "1",
      '"x"',
      "[]",
      "[1,2]",
      "{}",
      '{"type":7}',
      '{"type":"welcome"}',
      "\0",
      "\uFEFF{}",
    ];
    socket.receive(
      ...frames,
      `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      '{"type":"gap","ch":{},"epoch":1}',
    );
    socket.receiveData(new ArrayBuffer(3));
    expect(world.client.state.status).toBe("open");
    expect(world.errors).toEqual([]);
    const sending = world.client.send("chat_message", { content: "a" });
    socket.receive(reply(socket.sent("chat_message")[0]));
    expect((await sending).status).toBe("delivered");
  });

  it("does not let a welcome in that makes no sense, and gets another connection", async () => {
    const world = createWorld();
    await world.tick();
    world.socket.accept();
    for (const fields of [
      { user: undefined },
      { user: {} },
      { heartbeat: null },
      { channels: null },
      { ephemeral: 5 },
    ]) {
      world.socket.receive(welcome(fields));
    }
    await world.tick(10_200);
    expect(world.sockets.length).toBeGreaterThan(1);
    await world.open();
    expect(world.client.state.status).toBe("open");
  });

  it("ignores everything but errors before the welcome", async () => {
    const world = createWorld();
    const heard: unknown[] = [];
    world.client.on("poll_result", (message) => heard.push(message));
    world.client.on("error", ({ code }) => heard.push(code));
    await world.tick();
    world.socket.accept();
    world.socket.receive(
      { type: "poll_result", votes: [] },
      { type: "user_list", users: [{ userId: "eve" }], total: 1 },
      { type: "error", code: "contract_mismatch", message: "", retryable: false },
    );
    expect(heard).toEqual(["contract_mismatch"]);
    expect(world.client.users).toEqual([]);
  });

  it("pollutes no prototype", async () => {
    const world = createWorld();
    const socket = await world.open();
    let message: object = {};
    world.client.on("poll_result", (heard) => (message = heard));
    socket.receive(
      '{"type":"poll_result","__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"$":{"ch":"__proto__","off":1}}',
      '{"type":"user_joined","users":[{"userId":"__proto__","isAdmin":true}],"total":1}',
    );
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect("isAdmin" in message).toBe(false);
  });

  it("is not asked again and again for having named a time that no timer holds", async () => {
    const world = createWorld();
    await world.tick();
    world.socket.accept();
    world.socket.receive(welcome({ heartbeat: { intervalMs: 1, timeoutMs: 1e308 } }));
    const { socket } = world;
    world.client.join("general");
    const { re = "" } = { re: (socket.sent("join")[0]?.["$"] as { id?: string } | undefined)?.id };
    const retryable = { code: "rate_limited", message: "", retryable: true, retryAfterMs: 1e12 };
    socket.receive({ type: "error", ...retryable, $: { re } });
    await world.tick(60_000);
    expect(socket.sent("join")).toHaveLength(1);
    expect(world.client.state.status).toBe("open");
    // Node and browsers make of such a time one of a millisecond.
    expect(vi.getTimerCount()).toBe(0);
  });

  it("never makes the client throw, nor sends it an error of its own making", async () => {
    const value = fc.oneof(
      fc.constantFrom(
        null,
        true,
        0,
        -1,
        1e308,
        "",
        "all",
        "room:general",
        "general",
        "r1",
        "e1",
        "__proto__",
      ),
      fc.jsonValue(),
      fc.constant({ ch: "all", off: 11 }),
      fc.constant({ re: 1 }),
      fc.constant({ re: "r1" }),
    );
    const field = fc.constantFrom(
      "$",
      "ch",
      "epoch",
      "off",
      "reason",
      "room",
      "users",
      "userIds",
      "user",
      "limits",
      "channels",
      "ephemeral",
      "heartbeat",
      "result",
      "code",
    );
    const frame = fc
      .tuple(fc.constantFrom(...TYPES, ...MORE), fc.dictionary(field, value))
      .map(([type, fields]) => ({ ...(type === "welcome" ? welcome() : {}), ...fields, type }));
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 30, size: "max" }), async (frames) => {
        const world = createWorld();
        const socket = await world.open();
        world.client.join("general");
        void world.client.send("chat_message", { content: "a" });
        world.client.request("count").catch(() => {});
        for (const garbage of frames) socket.receive(garbage);
        await world.tick(10);
        expect(world.errors).toEqual([]);
        world.client.close();
        expect(world.client.state.status).toBe("closed");
        await world.tick(1_000);
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});

describe("listeners that throw", () => {
  it("harm nobody: not the other listeners, not the connection", async () => {
    const world = createWorld();
    const heard: string[] = [];
    const fail = () => {
      throw new Error("mine");
    };
    world.client.onStateChange(fail);
    world.client.onQueue(fail);
    world.client.onUsersChange(fail);
    world.client.onGap(fail);
    world.client.on("poll_result", fail);
    world.client.on("poll_result", () => heard.push("second"));
    const socket = await world.open();
    const sending = world.client.send("chat_message", { content: "a" });
    socket.receive(reply(socket.sent("chat_message")[0]));
    socket.receive({ type: "user_list", users: [{ userId: "bob" }], total: 1 });
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" });
    socket.receive({ type: "poll_result", votes: [], $: { ch: "all", off: 21 } });
    expect((await sending).status).toBe("delivered");
    expect(heard).toEqual(["second"]);
    expect(world.errors.length).toBeGreaterThan(5);
    expect(world.client.state.status).toBe("open");
  });
});
