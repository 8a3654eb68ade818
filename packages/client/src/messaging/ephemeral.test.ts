import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("an ephemeral message", () => {
  it("goes out without a sequence number, and is dropped while the connection is not open", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    expect(harness.client.send("cursor_moved", { x: 1 })).toBeUndefined();
    expect(socket.texts.at(-1)).toBe('{"x":1,"type":"cursor_moved","$":{}}');
    socket.drop();
    harness.client.send("cursor_moved", { x: 2 });
    expect((await harness.open()).sent("cursor_moved")).toEqual([]);
  });

  it("is known as ephemeral from the first welcome, and leaves its sequence number to a skip", async () => {
    const harness = createHarness();
    harness.client.send("cursor_moved", { x: 1 });
    const vote = harness.client.send("poll_vote", { option: 1 });
    const socket = await harness.open();
    expect(socket.sent().slice(1)).toEqual([
      { type: "skip", $: { seq: 1 } },
      { type: "poll_vote", option: 1, $: { seq: 2 } },
    ]);
    socket.receive(reply(socket.sent("skip")[0]), reply(socket.sent("poll_vote")[0]));
    expect((await vote).id).toBe(vote.id);
  });

  it("is reported to onError when the server would not read it", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    harness.client.send("cursor_moved", { x: 1n as never });
    expect(harness.errors).toMatchObject([{ name: "HalyardError", code: "invalid_message" }]);
    expect(socket.sent("cursor_moved")).toEqual([]);
  });
});

describe("a typing indicator", () => {
  const typing = { isTyping: true };

  it("goes out every 3 s while the user types, and once at the end", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    for (let ms = 0; ms < 7_000; ms += 500) {
      harness.client.send("typing_indicator", typing);
      await harness.tick(500);
    }
    expect(socket.sent("typing_indicator")).toHaveLength(3);
    harness.client.send("typing_indicator", { isTyping: false });
    harness.client.send("typing_indicator", { isTyping: false });
    expect(socket.sent("typing_indicator").map((frame) => frame["isTyping"])).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it("is throttled for each room on its own, and ends with leave()", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const [one, two] = [harness.client.join("one"), harness.client.join("two")];
    one.send("typing_indicator", typing);
    two.send("typing_indicator", typing);
    one.leave();
    two.leave();
    harness.client.join("three").leave();
    expect(socket.sent("typing_indicator")).toEqual([
      { type: "typing_indicator", isTyping: true, $: { ch: "room:one" } },
      { type: "typing_indicator", isTyping: true, $: { ch: "room:two" } },
      { type: "typing_indicator", isTyping: false, $: { ch: "room:one" } },
      { type: "typing_indicator", isTyping: false, $: { ch: "room:two" } },
    ]);
  });

  it("goes out at once after a chat message, which ends the typing at every receiver", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    harness.client.send("typing_indicator", typing);
    void harness.client.send("chat_message", { content: "hi" });
    harness.client.send("typing_indicator", { isTyping: false });
    harness.client.send("typing_indicator", typing);
    expect(
      socket
        .sent()
        .slice(1)
        .map(({ type }) => type),
    ).toEqual(["typing_indicator", "chat_message", "typing_indicator"]);
  });

  it("goes out at once on a new connection, and every 3 s after the date was set back", async () => {
    const harness = createHarness();
    await harness.open();
    harness.client.send("typing_indicator", typing);
    harness.socket.drop();
    const socket = await harness.open();
    harness.client.send("typing_indicator", typing);
    vi.setSystemTime(Date.now() - 3_600_000);
    await harness.tick(3_000);
    harness.client.send("typing_indicator", typing);
    expect(socket.sent("typing_indicator")).toHaveLength(2);
  });
});
