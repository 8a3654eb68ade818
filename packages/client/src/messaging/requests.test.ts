import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, reply, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** What a promise came to; undefined while it is pending. */
function watch(promise: Promise<unknown>) {
  const seen: { value?: unknown; error?: unknown } = {};
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = error),
  );
  return seen;
}

describe("request", () => {
  it("resolves to the reply", async () => {
    const world = createWorld();
    const socket = await world.open();
    const history = world.client.request("history", { room: "general" });
    expect(socket.sent("request")).toEqual([
      { type: "request", name: "history", input: { room: "general" }, $: { id: "r1" } },
    ]);
    socket.receive({ type: "reply", result: ["a"], $: { re: "r1" } });
    expect(await history).toEqual(["a"]);
    const count = world.client.request("count");
    socket.receive({ type: "reply", $: { re: "r2" } });
    expect(await count).toBeUndefined();
  });

  it("rejects with the server's error, typed", async () => {
    const world = createWorld();
    const socket = await world.open();
    const count = watch(world.client.request("count"));
    socket.receive({
      type: "error",
      code: "unavailable",
      message: "Later.",
      retryable: true,
      retryAfterMs: 50,
      $: { re: "r1" },
    });
    await world.tick();
    expect(count.error).toBeInstanceOf(HalyardError);
    expect(count.error).toMatchObject({
      code: "unavailable",
      message: "Later.",
      retryable: true,
      retryAfterMs: 50,
    });
  });

  it("times out, whether it was sent or not, and ignores what comes too late", async () => {
    const world = createWorld({ requestTimeoutMs: 3_000 });
    const waiting = watch(world.client.request("count"));
    const patient = watch(world.client.request("count", undefined, { timeoutMs: 9_000 }));
    await world.tick(3_000);
    expect(waiting.error).toMatchObject({ code: "timeout", retryable: true });
    expect(patient).toEqual({});
    const socket = await world.open();
    expect(socket.sent("request").map(({ $ }) => $?.id)).toEqual(["r2"]);
    await world.tick(9_000);
    expect(patient.error).toMatchObject({ code: "timeout" });
    socket.receive(reply(socket.sent("request")[0]));
    await world.tick();
  });

  it("survives a reconnect with the same id and text", async () => {
    const world = createWorld();
    const first = await world.open();
    const count = watch(world.client.request("count"));
    first.drop();
    expect(count).toEqual({});
    const second = await world.open();
    expect(second.texts.at(-1)).toBe(first.texts.at(-1));
    second.receive({ type: "reply", result: 7, $: { re: "r1" } });
    await world.tick();
    expect(count.value).toBe(7);
    const third = await (second.drop(), world.open());
    expect(third.sent("request")).toEqual([]);
  });

  it("rejects with the signal's reason, before and while it waits", async () => {
    const world = createWorld();
    const socket = await world.open();
    const reason = new Error("changed my mind");
    await expect(
      world.client.request("count", undefined, { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    expect(socket.sent("request")).toEqual([]);
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const count = watch(world.client.request("count", undefined, { signal: controller.signal }));
    controller.abort(reason);
    await world.tick();
    expect(count.error).toBe(reason);
    expect(removed).toHaveBeenCalled();
    socket.drop();
    expect((await world.open()).sent("request")).toEqual([]);
  });

  it("rejects when the client is closed, and when the server says stop", async () => {
    const world = createWorld();
    const socket = await world.open();
    const count = watch(world.client.request("count"));
    world.client.close();
    await world.tick();
    expect(count.error).toMatchObject({ code: "unavailable" });
    await expect(world.client.request("count")).rejects.toMatchObject({ code: "unavailable" });
    world.client.connect();
    const next = await world.open();
    expect(next).not.toBe(socket);
    const other = watch(world.client.request("count"));
    next.drop(4400);
    await world.tick();
    expect(other.error).toMatchObject({ code: "unavailable" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("refuses what the server would not read", async () => {
    const world = createWorld();
    const socket = await world.open();
    await expect(world.client.request("history", { room: "x".repeat(70_000) })).rejects.toMatchObject({
      code: "payload_too_large",
    });
    await expect(world.client.request("history", { room: 1n as never })).rejects.toMatchObject({
      code: "invalid_message",
    });
    expect(socket.sent("request")).toEqual([]);
    await world.tick();
    expect(vi.getTimerCount()).toBe(1);
  });

  it("keeps 64 unanswered at once, and the rest in order", async () => {
    const world = createWorld();
    for (let n = 0; n < 100; n++) watch(world.client.request("count"));
    const socket = await world.open();
    expect(socket.sent("request")).toHaveLength(64);
    for (const frame of socket.sent("request").slice(0, 10)) socket.receive(reply(frame));
    expect(socket.sent("request").map(({ $ }) => $?.id)).toEqual(
      Array.from({ length: 74 }, (_, n) => `r${String(n + 1)}`),
    );
  });

  it("is asked again once for two welcomes of one connection", async () => {
    const world = createWorld();
    watch(world.client.request("count"));
    const socket = await world.open();
    socket.receive(welcome());
    expect(socket.sent("request")).toHaveLength(1);
  });
});
