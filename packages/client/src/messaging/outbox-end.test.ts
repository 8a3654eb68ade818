import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const chat = (world: ReturnType<typeof createWorld>, content: string) =>
  world.client.send("chat_message", { content });

describe("close()", () => {
  it("rejects what no socket has seen, and does not pretend to know about the rest", async () => {
    const world = createWorld();
    const socket = await world.open();
    const written = chat(world, "a");
    socket.drop();
    const queued = chat(world, "b");
    world.client.close();
    expect(await written).toEqual({ status: "unknown", id: written.id });
    expect(await queued).toMatchObject({
      status: "rejected",
      error: { code: "unavailable", retryable: true },
    });
    expect(await chat(world, "c")).toMatchObject({ status: "rejected", error: { code: "unavailable" } });
    world.client.connect();
    const next = await world.open();
    chat(world, "d");
    expect(next.sent().slice(1)).toMatchObject([
      { type: "skip", $: { seq: 1 } },
      { type: "skip", $: { seq: 2 } },
      { type: "chat_message", $: { seq: 3 } },
    ]);
  });

  it("settles what waits when the server says stop", async () => {
    const world = createWorld();
    const socket = await world.open();
    chat(world, "a");
    socket.drop(4409);
    expect(await chat(world, "b")).toMatchObject({ status: "rejected", error: { code: "unavailable" } });
  });

  it("keeps what waits while somebody signs in again", async () => {
    const world = createWorld();
    const socket = await world.open();
    socket.drop(4401);
    const waiting = chat(world, "a");
    world.client.authenticate();
    const next = await world.open();
    next.receive(reply(next.sent("chat_message")[0]));
    expect((await waiting).status).toBe("delivered");
  });

  it("never sends what one user wrote as another", async () => {
    const world = createWorld();
    const socket = await world.open();
    const [clientId] = socket.sent("hello").map((hello) => hello["clientId"]);
    socket.drop(4401);
    const waiting = chat(world, "mine");
    const request = world.client.request("count").catch((error: unknown) => error);
    world.client.authenticate();
    const next = await world.open({ user: { userId: "eve", name: "Eve", connectedAt: "" } });
    expect(next.closed?.code).toBe(3001);
    expect(await waiting).toMatchObject({ status: "rejected", error: { code: "unauthenticated" } });
    expect(await request).toMatchObject({ code: "unauthenticated" });
    const last = await world.open({ user: { userId: "eve", name: "Eve", connectedAt: "" } });
    expect(last.sent("hello")[0]?.["clientId"]).not.toBe(clientId);
    expect(last.sent("hello")[0]?.["positions"]).toEqual([]);
    chat(world, "hers");
    expect(last.sent("chat_message")).toMatchObject([{ content: "hers", $: { seq: 1 } }]);
    expect(world.client.user?.userId).toBe("eve");
  });
});
