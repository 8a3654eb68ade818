import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness, reply, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** The value or the error of a promise; neither while it is pending. */
function watch(promise: Promise<unknown>) {
  const seen: { value?: unknown; error?: unknown } = {};
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = error),
  );
  return seen;
}

describe("a request", () => {
  it("resolves to the result of the reply", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const history = harness.client.request("history", { room: "general" });
    expect(socket.sent("request")).toEqual([
      { type: "request", name: "history", input: { room: "general" }, $: { id: "r1" } },
    ]);
    socket.receive({ type: "reply", result: ["a"], $: { re: "r1" } });
    expect(await history).toEqual(["a"]);
    const count = harness.client.request("count");
    socket.receive({ type: "reply", $: { re: "r2" } });
    expect(await count).toBeUndefined();
  });

  it("rejects with the server's error as a HalyardError", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const count = watch(harness.client.request("count"));
    socket.receive({
      type: "error",
      code: "unavailable",
      message: "Later.",
      retryable: true,
      retryAfterMs: 50,
      $: { re: "r1" },
    });
    await harness.tick();
    expect(count.error).toBeInstanceOf(HalyardError);
    expect(count.error).toMatchObject({
      code: "unavailable",
      message: "Later.",
      retryable: true,
      retryAfterMs: 50,
    });
  });

  it("rejects with a stack that names the line of the application", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    async function saveOrder() {
      return (await harness.client.request("count")) as unknown;
    }
    const saved = watch(saveOrder());
    socket.receive({ type: "error", code: "forbidden", message: "No.", retryable: false, $: { re: "r1" } });
    await harness.tick();
    expect((saved.error as Error).stack).toMatch(
      /^HalyardError: No\.\n[^]*at (async )?saveOrder \(.*requests\.test/,
    );
  });

  it("times out, whether it was sent or not, and ignores a reply that comes too late", async () => {
    const harness = createHarness({ requestTimeoutMs: 3_000 });
    const waiting = watch(harness.client.request("count"));
    const slow = watch(harness.client.request("count", undefined, { timeoutMs: 9_000 }));
    await harness.tick(3_000);
    const message = "timeout: not sent, waited for the connection, room or rate";
    expect(waiting.error).toMatchObject({ code: "timeout", message, retryable: true });
    expect(slow).toEqual({});
    const socket = await harness.open();
    expect(socket.sent("request").map(({ $ }) => $?.id)).toEqual(["r2"]);
    await harness.tick(9_000);
    expect(slow.error).toMatchObject({ code: "timeout", message: "timeout" });
    socket.receive(reply(socket.sent("request")[0]));
    await harness.tick();
  });

  it("goes out again after a reconnect, with the same id and text", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const count = watch(harness.client.request("count"));
    first.drop();
    expect(count).toEqual({});
    const second = await harness.open();
    expect(second.texts.at(-1)).toBe(first.texts.at(-1));
    second.receive({ type: "reply", result: 7, $: { re: "r1" } });
    await harness.tick();
    expect(count.value).toBe(7);
    const third = await (second.drop(), harness.open());
    expect(third.sent("request")).toEqual([]);
  });

  it("rejects with the signal's reason, before it is sent and while it waits", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const reason = new Error("changed my mind");
    await expect(
      harness.client.request("count", undefined, { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    expect(socket.sent("request")).toEqual([]);
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const count = watch(harness.client.request("count", undefined, { signal: controller.signal }));
    controller.abort(reason);
    await harness.tick();
    expect(count.error).toBe(reason);
    expect(removed).toHaveBeenCalled();
    socket.drop();
    expect((await harness.open()).sent("request")).toEqual([]);
  });

  it("rejects when the client is closed, and after a final close code", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const count = watch(harness.client.request("count"));
    harness.client.close();
    await harness.tick();
    expect(count.error).toMatchObject({ code: "unavailable" });
    await expect(harness.client.request("count")).rejects.toMatchObject({ code: "unavailable" });
    harness.client.connect();
    const next = await harness.open();
    expect(next).not.toBe(socket);
    const other = watch(harness.client.request("count"));
    next.drop(4400);
    await harness.tick();
    expect(other.error).toMatchObject({ code: "unavailable" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects an input that the server would not read", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    await expect(harness.client.request("history", { room: "x".repeat(70_000) })).rejects.toMatchObject({
      code: "payload_too_large",
    });
    await expect(harness.client.request("history", { room: 1n as never })).rejects.toMatchObject({
      code: "invalid_message",
    });
    expect(socket.sent("request")).toEqual([]);
    await harness.tick();
    expect(vi.getTimerCount()).toBe(1);
  });

  it("waits in order while 64 requests are unanswered", async () => {
    const harness = createHarness();
    for (let n = 0; n < 100; n++) watch(harness.client.request("count"));
    const socket = await harness.open({
      limits: { messagesPerSecond: 1_000, bytesPerSecond: 1e9, requests: 80 },
    });
    expect(socket.sent("request")).toHaveLength(64);
    for (const frame of socket.sent("request").slice(0, 10)) socket.receive(reply(frame));
    expect(socket.sent("request").map(({ $ }) => $?.id)).toEqual(
      Array.from({ length: 74 }, (_, n) => `r${String(n + 1)}`),
    );
  });

  it("goes out once for two welcomes of one connection", async () => {
    const harness = createHarness();
    watch(harness.client.request("count"));
    const socket = await harness.open();
    socket.receive(welcome());
    expect(socket.sent("request")).toHaveLength(1);
  });
});

describe("a request in a room", () => {
  const joined = { ch: "room:general", epoch: "e1", off: 0 };

  it("waits for the room, and other requests do not wait for it [s-P1]", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("general");
    const inRoom = room.request("count");
    const rest = harness.client.request("count");
    const [other] = socket.sent("request");
    expect(socket.sent("request")).toEqual([{ type: "request", name: "count", $: { id: "r3" } }]);
    socket.receive(reply(socket.sent("join")[0], joined), reply(other, 3));
    const [, waiting] = socket.sent("request");
    expect(waiting).toEqual({ type: "request", name: "count", $: { id: "r2", ch: "room:general" } });
    socket.receive(reply(waiting, 2));
    expect(await Promise.all([inRoom, rest])).toEqual([2, 3]);
  });

  it("is not in the way of others, however many wait for a room that is being joined [s-P1]", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("general");
    for (let n = 0; n < 100; n++) room.request("count").catch(() => undefined);
    const other = harness.client.request("count");
    socket.receive(reply(socket.sent("request")[0], 1));
    expect(await other).toBe(1);
    harness.client.close();
  });
});
