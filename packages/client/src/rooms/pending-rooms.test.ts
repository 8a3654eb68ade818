import type { Frame } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { createHarness } from "../../test/harness.ts";

const ALL = { all: { epoch: "e1", off: 10, recovered: "new" } };
const joinReply = (frame: Frame | undefined) => ({
  type: "reply",
  result: { ch: "room:general", epoch: "e1", off: 5 },
  $: { re: frame?.$?.id },
});
const vote = (off: number, room: string) => ({
  type: "poll_result",
  votes: [off],
  $: { ch: `room:${room}`, off },
});

describe("a client", () => {
  it("waits for a room that is pending in the welcome, and replays without a gap [s-A8]", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const room = harness.client.join("general");
    const later = harness.client.join("later");
    first.receive(joinReply(first.sent("join")[0]));
    const gaps: string[] = [];
    harness.client.onGap((channel) => gaps.push(channel));
    const replayed: unknown[] = [];
    room.on("poll_result", (_, delivery) => replayed.push(delivery.replayed));
    first.drop();
    const pending = { recovered: "pending" } as const;
    const socket = await harness.open({
      channels: {
        ...ALL,
        "room:general": { epoch: "e1", off: 5, ...pending },
        "room:later": { epoch: "-", off: 0, ...pending },
      },
    });
    expect([room.state.status, later.state.status]).toEqual(["joining", "joining"]);
    expect(socket.sent("join")).toEqual([]);
    socket.receive(
      { type: "joined", room: "general", epoch: "e1", off: 5, head: 6 },
      vote(6, "general"),
      vote(7, "general"),
      { type: "joined", room: "later", epoch: "e2", off: 9 },
    );
    expect((await room.ready).status).toBe("joined");
    expect(later.state.status).toBe("joined");
    expect(gaps).toEqual([]);
    expect(replayed).toEqual([true, false]);
  });

  it("may join as many rooms as the welcome says [s-W6]", async () => {
    const harness = createHarness();
    const limits = {
      messageBytes: 65_536,
      unacknowledged: 32,
      messagesPerSecond: 50,
      bytesPerSecond: 262_144,
    };
    await harness.open({ limits: { ...limits, rooms: 2 } });
    const [, , third] = ["a", "b", "c"].map((name) => harness.client.join(name));
    expect(third?.state).toMatchObject({ status: "left", error: { code: "limit_exceeded" } });
  });
});

describe("more rooms than a server allows without being told so", () => {
  it("are joined before the first welcome, where it allows them: 100 in the hello, the others after it", async () => {
    const harness = createHarness();
    const rooms = Array.from({ length: 120 }, (_, n) => harness.client.join(`r${n}`));
    const names = rooms.map(({ name }) => name);
    const channels: Record<string, object> = {};
    for (const name of names.slice(0, 100))
      channels[`room:${name}`] = { epoch: "e1", off: 5, recovered: "new" };
    const socket = await harness.open({ channels, limits: { rooms: 300 } });
    expect(socket.sent("hello")[0]?.["rooms"]).toEqual(names.slice(0, 100));
    await harness.tick(1_000);
    expect(socket.sent("join").map(({ room }) => room)).toEqual(names.slice(100));
    socket.drop();
    await harness.tick(600);
    const next = await harness.open();
    expect(next.sent("hello")[0]?.["rooms"]).toEqual(names);
  });
});
