import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const GENERAL = {
  all: { epoch: "e1", off: 10, recovered: "new" },
  "room:general": { epoch: "e1", off: 5, recovered: "new" },
};

describe("a room that the server gave", () => {
  it("keeps its position for the next connection", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const received: unknown[] = [];
    harness.client.on("poll_result", (_, { room }) => received.push(room));
    socket.receive(
      { type: "joined", room: "lobby", epoch: "e1", off: 3 },
      {
        type: "poll_result",
        votes: [4],
        $: { ch: "room:lobby", off: 4 },
      },
    );
    socket.drop();
    expect(received).toEqual(["lobby"]);
    expect((await harness.open()).sent("hello")[0]?.["positions"]).toContainEqual({
      ch: "room:lobby",
      epoch: "e1",
      off: 4,
    });
  });

  it("is left again when the connection was lost before the leave was answered", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const room = harness.client.join("general");
    first.receive({ type: "joined", room: "general", epoch: "e1", off: 5 });
    first.drop();
    room.leave();
    const second = await harness.open({ channels: GENERAL });
    const [leave] = second.sent("leave");
    expect(leave).toMatchObject({ type: "leave", room: "general" });
    second.receive({ type: "reply", $: { re: leave?.$?.id } });
    second.drop();
    expect((await harness.open({ channels: GENERAL })).sent("leave")).toEqual([]);
  });
});
