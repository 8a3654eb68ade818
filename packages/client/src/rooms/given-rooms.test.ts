import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const GENERAL = {
  all: { epoch: "e1", off: 10, recovered: "new" },
  "room:general": { epoch: "e1", off: 5, recovered: "new" },
};

/** Joins the room "general", and leaves it after the connection was lost. */
async function leaveBetweenConnections() {
  const harness = createHarness();
  const socket = await harness.open();
  const room = harness.client.join("general");
  socket.receive({ type: "joined", room: "general", epoch: "e1", off: 5 });
  socket.drop();
  room.leave();
  return harness;
}

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
      since: 3,
    });
  });

  it("has been read since its first position, also when a later `joined` has the position that the client has", async () => {
    const harness = createHarness();
    const first = await harness.open();
    first.receive(
      { type: "joined", room: "lobby", epoch: "e1", off: 3 },
      { type: "poll_result", votes: [4], $: { ch: "room:lobby", off: 4 } },
    );
    first.drop();
    const all = { epoch: "e1", off: 10, recovered: "pending" };
    const second = await harness.open({ channels: { all } });
    second.receive({ type: "joined", room: "lobby", epoch: "e1", off: 4 });
    second.drop();
    const lobby = { ch: "room:lobby", epoch: "e1", off: 4, since: 3 };
    expect((await harness.open()).sent("hello")[0]?.["positions"]).toContainEqual(lobby);
  });

  it("keeps its position through a welcome without it, as a server sends it whose store is away", async () => {
    const harness = createHarness();
    const first = await harness.open();
    first.receive({ type: "joined", room: "lobby", epoch: "e1", off: 3 });
    first.drop();
    const all = { epoch: "e1", off: 10, recovered: "pending" };
    const second = await harness.open({ channels: { all } });
    second.drop();
    const lobby = { ch: "room:lobby", epoch: "e1", off: 3, since: 3 };
    expect((await harness.open()).sent("hello")[0]?.["positions"]).toContainEqual(lobby);
  });

  it("leaves nothing behind when the server takes it away: no position, no users, and no gap when it is given again", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const gaps: string[] = [];
    harness.client.onGap((channel) => gaps.push(channel));
    const ada = { userId: "ada", name: "Ada", connectedAt: "2026-01-01T00:00:00.000Z" };
    socket.receive(
      { type: "joined", room: "lobby", epoch: "e1", off: 3 },
      { type: "user_list", room: "lobby", users: [ada], total: 1 },
      { type: "left", room: "lobby", reason: "left" },
    );
    socket.receive(
      { type: "joined", room: "lobby", epoch: "e1", off: 9 },
      { type: "left", room: "lobby", reason: "left" },
    );
    expect(gaps).toEqual([]);
    socket.drop();
    const positions = (await harness.open()).sent("hello")[0]?.["positions"];
    expect(positions).not.toContainEqual(expect.objectContaining({ ch: "room:lobby" }));
    expect(harness.client.join("lobby").users).toEqual([]);
  });

  it("is left again when the connection was lost before the leave was answered", async () => {
    const harness = await leaveBetweenConnections();
    const second = await harness.open({ channels: GENERAL });
    const [leave] = second.sent("leave");
    expect(leave).toMatchObject({ type: "leave", room: "general" });
    second.receive({ type: "reply", $: { re: leave?.$?.id } });
    second.drop();
    expect((await harness.open({ channels: GENERAL })).sent("leave")).toEqual([]);
  });

  it("is left again when it follows a welcome of a server whose store is away", async () => {
    const harness = await leaveBetweenConnections();
    const { all } = GENERAL;
    const second = await harness.open({ channels: { all: { ...all, recovered: "pending" } } });
    expect(second.sent("leave")).toEqual([]);
    second.receive({ type: "joined", room: "general", epoch: "e1", off: 5 });
    expect(second.sent("leave")).toMatchObject([{ room: "general" }]);
  });
});
