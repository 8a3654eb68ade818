import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("ephemeral messages", () => {
  it("go out without a number when open, and are dropped when not", async () => {
    const world = createWorld();
    const socket = await world.open();
    expect(world.client.send("cursor_moved", { x: 1 })).toBeUndefined();
    expect(socket.texts.at(-1)).toBe('{"x":1,"type":"cursor_moved","$":{}}');
    socket.drop();
    world.client.send("cursor_moved", { x: 2 });
    expect((await world.open()).sent("cursor_moved")).toEqual([]);
  });

  it("are told from others by the first welcome, and fill no place in the row", async () => {
    const world = createWorld();
    world.client.send("cursor_moved", { x: 1 });
    const vote = world.client.send("poll_vote", { option: 1 });
    const socket = await world.open();
    expect(socket.sent().slice(1)).toEqual([
      { type: "skip", $: { seq: 1 } },
      { type: "poll_vote", option: 1, $: { seq: 2 } },
    ]);
    socket.receive(reply(socket.sent("skip")[0]), reply(socket.sent("poll_vote")[0]));
    expect((await vote).id).toBe(vote.id);
  });

  it("tell onError what the server would not read", async () => {
    const world = createWorld();
    const socket = await world.open();
    world.client.send("cursor_moved", { x: 1n as never });
    expect(world.errors).toMatchObject([{ name: "HalyardError", code: "invalid_message" }]);
    expect(socket.sent("cursor_moved")).toEqual([]);
  });
});

describe("typing", () => {
  const typing = { isTyping: true };

  it("goes out every 3 s while somebody types, and once at the end", async () => {
    const world = createWorld();
    const socket = await world.open();
    for (let ms = 0; ms < 7_000; ms += 500) {
      world.client.send("typing_indicator", typing);
      await world.tick(500);
    }
    expect(socket.sent("typing_indicator")).toHaveLength(3);
    world.client.send("typing_indicator", { isTyping: false });
    world.client.send("typing_indicator", { isTyping: false });
    expect(socket.sent("typing_indicator").map((frame) => frame["isTyping"])).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it("is throttled for each room alone, and stops on leave()", async () => {
    const world = createWorld();
    const socket = await world.open();
    const [one, two] = [world.client.join("one"), world.client.join("two")];
    one.send("typing_indicator", typing);
    two.send("typing_indicator", typing);
    one.leave();
    two.leave();
    world.client.join("three").leave();
    expect(socket.sent("typing_indicator")).toEqual([
      { type: "typing_indicator", isTyping: true, $: { ch: "room:one" } },
      { type: "typing_indicator", isTyping: true, $: { ch: "room:two" } },
      { type: "typing_indicator", isTyping: false, $: { ch: "room:one" } },
      { type: "typing_indicator", isTyping: false, $: { ch: "room:two" } },
    ]);
  });

  it("begins anew after a chat message, which ends it at every receiver", async () => {
    const world = createWorld();
    const socket = await world.open();
    world.client.send("typing_indicator", typing);
    void world.client.send("chat_message", { content: "hi" });
    world.client.send("typing_indicator", { isTyping: false });
    world.client.send("typing_indicator", typing);
    expect(
      socket
        .sent()
        .slice(1)
        .map(({ type }) => type),
    ).toEqual(["typing_indicator", "chat_message", "typing_indicator"]);
  });

  it("begins anew with a new connection, and after a clock was set back", async () => {
    const world = createWorld();
    await world.open();
    world.client.send("typing_indicator", typing);
    world.socket.drop();
    const socket = await world.open();
    world.client.send("typing_indicator", typing);
    vi.setSystemTime(Date.now() - 3_600_000);
    world.client.send("typing_indicator", typing);
    expect(socket.sent("typing_indicator")).toHaveLength(2);
  });
});
