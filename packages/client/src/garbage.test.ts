import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness, reply, welcome } from "../test/harness.ts";

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
  it("ignores texts and data that are no frame, and still delivers a message", async () => {
    const harness = createHarness();
    const socket = await harness.open();
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
    expect(harness.client.state.status).toBe("open");
    expect(harness.errors).toEqual([]);
    const sending = harness.client.send("chat_message", { content: "a" });
    socket.receive(reply(socket.sent("chat_message")[0]));
    expect((await sending).status).toBe("delivered");
  });

  it("rejects a malformed welcome, and connects again", async () => {
    const harness = createHarness();
    await harness.tick();
    harness.socket.accept();
    for (const fields of [
      { user: undefined },
      { user: {} },
      { heartbeat: null },
      { channels: null },
      { ephemeral: 5 },
    ]) {
      harness.socket.receive(welcome(fields));
    }
    await harness.tick(10_200);
    expect(harness.sockets.length).toBeGreaterThan(1);
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });

  it("ignores all frames but errors before the welcome", async () => {
    const harness = createHarness();
    const received: unknown[] = [];
    harness.client.on("poll_result", (message) => received.push(message));
    harness.client.on("error", ({ code }) => received.push(code));
    await harness.tick();
    harness.socket.accept();
    harness.socket.receive(
      { type: "poll_result", votes: [] },
      { type: "user_list", users: [{ userId: "eve" }], total: 1 },
      { type: "error", code: "contract_mismatch", message: "", retryable: false },
    );
    expect(received).toEqual(["contract_mismatch"]);
    expect(harness.client.users).toEqual([]);
  });

  it("pollutes no prototype with fields of a frame", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    let message: object = {};
    harness.client.on("poll_result", (received) => (message = received));
    socket.receive(
      '{"type":"poll_result","__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"$":{"ch":"__proto__","off":1}}',
      '{"type":"user_joined","users":[{"userId":"__proto__","isAdmin":true}],"total":1}',
    );
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect("isAdmin" in message).toBe(false);
  });

  it("sends no repeated join or probe when the server names a time that no timer holds", async () => {
    const harness = createHarness();
    await harness.tick();
    harness.socket.accept();
    harness.socket.receive(welcome({ heartbeat: { intervalMs: 1, timeoutMs: 1e308 } }));
    const { socket } = harness;
    harness.client.join("general");
    const { re = "" } = { re: (socket.sent("join")[0]?.["$"] as { id?: string } | undefined)?.id };
    const retryable = { code: "rate_limited", message: "", retryable: true, retryAfterMs: 1e12 };
    socket.receive({ type: "error", ...retryable, $: { re } });
    await harness.tick(60_000);
    expect(socket.sent("join")).toHaveLength(1);
    expect(harness.client.state.status).toBe("open");
    // Node and browsers would run such a timer after one millisecond.
    expect(vi.getTimerCount()).toBe(0);
  });

  it("never throws, reports no error and leaves no timer, whatever frames the server sends", async () => {
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
        const harness = createHarness();
        const socket = await harness.open();
        harness.client.join("general");
        void harness.client.send("chat_message", { content: "a" });
        harness.client.request("count").catch(() => {});
        for (const garbage of frames) socket.receive(garbage);
        await harness.tick(10);
        expect(harness.errors).toEqual([]);
        harness.client.close();
        expect(harness.client.state.status).toBe("closed");
        await harness.tick(1_000);
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});

describe("a listener that throws", () => {
  it("stops neither the other listeners nor the connection", async () => {
    const harness = createHarness();
    const received: string[] = [];
    const fail = () => {
      throw new Error("mine");
    };
    harness.client.onStateChange(fail);
    harness.client.onQueue(fail);
    harness.client.onUsersChange(fail);
    harness.client.onGap(fail);
    harness.client.on("poll_result", fail);
    harness.client.on("poll_result", () => received.push("second"));
    const socket = await harness.open();
    const sending = harness.client.send("chat_message", { content: "a" });
    socket.receive(reply(socket.sent("chat_message")[0]));
    socket.receive({ type: "user_list", users: [{ userId: "bob" }], total: 1 });
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" });
    socket.receive({ type: "poll_result", votes: [], $: { ch: "all", off: 21 } });
    expect((await sending).status).toBe("delivered");
    expect(received).toEqual(["second"]);
    expect(harness.errors.length).toBeGreaterThan(5);
    expect(harness.client.state.status).toBe("open");
  });
});
