import type { Frame } from "@halyard/protocol/wire";
import { ROOM_NAME_RULE } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { ADA, BOB, createHarness } from "../../test/harness.ts";
import type { RoomState } from "../index.ts";

afterEach(() => {
  vi.useRealTimers();
});

const GENERAL = { "room:general": { epoch: "e1", off: 5, recovered: "new" } };
const ALL = { all: { epoch: "e1", off: 10, recovered: "new" } };
const joinReply = (frame: Frame | undefined, off = 5) => ({
  type: "reply",
  result: { ch: `room:${String(frame?.["room"])}`, epoch: "e1", off },
  $: { re: frame?.$?.id },
});
const vote = (off: number, room: string) => ({
  type: "poll_result",
  votes: [off],
  $: { ch: `room:${room}`, off },
});
const rejection = (frame: Frame | undefined, code: string, retryAfterMs?: number) => ({
  type: "error",
  code,
  message: code,
  retryable: code === "rate_limited" || code === "unavailable",
  retryAfterMs,
  $: { re: frame?.$?.id },
});
const lastJoin = (socket: FakeSocket) => socket.sent("join").at(-1);

describe("join", () => {
  it("sends a join at once on an open connection, and is joined with the reply", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("general");
    expect(room.name).toBe("general");
    expect(room.state).toEqual({ status: "joining" });
    expect(socket.sent("join")).toEqual([{ type: "join", room: "general", $: { id: "r1" } }]);
    socket.receive(joinReply(lastJoin(socket)));
    expect(room.state).toEqual({ status: "joined" });
    expect(await room.ready).toEqual({ status: "joined" });
  });

  it("names the room in the hello of the next connection, and is joined with the welcome", async () => {
    const harness = createHarness();
    const room = harness.client.join("general");
    const socket = await harness.open({ channels: { ...ALL, ...GENERAL } });
    expect(socket.sent("hello")[0]?.["rooms"]).toEqual(["general"]);
    expect(room.state.status).toBe("joined");
    expect(socket.sent("join")).toEqual([]);
  });

  it("joins the room again after a reconnect, and resumes from its position", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const room = harness.client.join("general");
    first.receive(joinReply(lastJoin(first)), vote(7, "general"));
    const states: string[] = [];
    room.onStateChange(({ status }) => states.push(status));
    first.drop();
    const second = await harness.open({
      channels: { ...ALL, "room:general": { epoch: "e1", off: 7, recovered: true } },
    });
    expect(second.sent("hello")[0]).toMatchObject({
      rooms: ["general"],
      positions: [{ ch: "all" }, { ch: "user:ada" }, { ch: "room:general", epoch: "e1", off: 7 }],
    });
    expect(states).toEqual(["joining", "joined"]);
  });

  it("joins a room that the welcome leaves out, and reports a gap when messages may be lost", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const room = harness.client.join("general");
    const gaps: string[] = [];
    room.onGap((reason) => gaps.push(reason));
    first.receive(joinReply(lastJoin(first)));
    first.drop();
    const second = await harness.open();
    expect(room.state.status).toBe("joining");
    second.receive(joinReply(lastJoin(second), 9));
    expect(room.state.status).toBe("joined");
    expect(gaps).toEqual(["lost"]);
  });

  it("shows a rejected join in state and ready, and does not join again", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("secret");
    const { ready } = room;
    socket.receive(rejection(lastJoin(socket), "forbidden"));
    expect(await ready).toMatchObject({ status: "left", error: { code: "forbidden", retryable: false } });
    socket.drop();
    expect((await harness.open()).sent("hello")[0]?.["rooms"]).toEqual([]);
    const again = harness.client.join("secret");
    expect(again.state.status).toBe("joining");
    expect(room.state.status).toBe("left");
  });

  it("leaves a room that is forbidden at a resume", async () => {
    const harness = createHarness();
    const room = harness.client.join("secret");
    const socket = await harness.open({
      channels: { ...ALL, "room:secret": { epoch: "-", off: 0, recovered: "forbidden" } },
    });
    expect(room.state.status).toBe("joining");
    socket.receive({ type: "left", room: "secret", reason: "forbidden" });
    expect(room.state).toMatchObject({ status: "left", error: { code: "forbidden" } });
    expect(socket.sent("join")).toEqual([]);
  });

  it("joins again after a retryable error, when the server says or after 1 s", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("general");
    socket.receive(rejection(lastJoin(socket), "rate_limited", 700));
    await harness.tick(690);
    expect(socket.sent("join")).toHaveLength(1);
    await harness.tick(20);
    expect(socket.sent("join")).toHaveLength(2);
    socket.receive(rejection(lastJoin(socket), "unavailable"));
    await harness.tick(1_000);
    socket.receive(joinReply(lastJoin(socket)));
    expect(room.state.status).toBe("joined");
    await harness.tick(30_000);
    expect(socket.sent("join")).toHaveLength(3);
  });

  it("joins again when the server does not reply", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    harness.client.join("general");
    await harness.tick(11_010);
    expect(socket.sent("join")).toHaveLength(2);
  });

  it("rejects invalid names and the 101st room without sending a join", async () => {
    const harness = createHarness();
    for (const name of ["", "all", "x".repeat(129), "room\n"]) {
      expect(harness.client.join(name).state).toMatchObject({
        status: "left",
        error: { code: "invalid_message", message: ROOM_NAME_RULE },
      });
    }
    for (let n = 0; n < 100; n++) harness.client.join(`r${String(n)}`);
    const early = harness.client.join("r100");
    const socket = await harness.open();
    expect(socket.sent("hello")[0]?.["rooms"]).toHaveLength(100);
    const late = harness.client.join("r101");
    for (const room of [early, late]) {
      expect(await room.ready).toMatchObject({ status: "left", error: { code: "limit_exceeded" } });
      room.leave();
    }
    await harness.tick(10_000);
    const asked = socket.sent("join").map(({ room }) => room);
    expect(asked).not.toContain("r100");
    expect(asked).not.toContain("r101");
  });

  it("knows a room under the composed form of its name", async () => {
    const harness = createHarness();
    const room = harness.client.join("Zu\u0308rich");
    expect(room.name).toBe("Z\u00fcrich");
    const socket = await harness.open();
    expect(socket.sent("hello")[0]?.["rooms"]).toEqual(["Z\u00fcrich"]);
  });

  it("stays below the server's rate when it joins 100 rooms at once", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    for (let n = 0; n < 100; n++) harness.client.join(`r${String(n)}`);
    expect(socket.sent("join")).toHaveLength(30);
    for (let ms = 0; ms < 7_200; ms += 50) {
      for (const frame of socket.sent("join").slice(-20)) socket.receive(joinReply(frame));
      await harness.tick(50);
    }
    expect(new Set(socket.sent("join").map((frame) => frame["room"])).size).toBe(100);
    expect(socket.sent("join")).toHaveLength(100);
  });
});

describe("a room handle", () => {
  it("delivers the messages of its own room only, and none after leave()", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("general");
    const received: unknown[] = [];
    room.on("poll_result", ({ votes }) => received.push(...votes));
    socket.receive(joinReply(lastJoin(socket)), vote(6, "general"), vote(7, "other"), {
      type: "poll_result",
      votes: [8],
      $: { ch: "all", off: 11 },
    });
    room.leave();
    socket.receive(vote(9, "general"));
    room.on("poll_result", () => received.push("late"));
    socket.receive(vote(10, "general"));
    expect(received).toEqual([6]);
  });

  it("leaves the room with its last handle only", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const one = harness.client.join("general");
    const two = harness.client.join("general");
    expect(socket.sent("join")).toHaveLength(1);
    socket.receive(joinReply(lastJoin(socket)));
    const seen: RoomState[] = [];
    one.onStateChange((state) => seen.push(state));
    one.leave();
    one.leave();
    expect(one.state).toEqual({ status: "left", error: undefined });
    expect(seen).toEqual([{ status: "left", error: undefined }]);
    expect(two.state.status).toBe("joined");
    expect(socket.sent("leave")).toEqual([]);
    two.leave();
    expect(socket.sent("leave")).toMatchObject([{ type: "leave", room: "general" }]);
    socket.drop();
    const next = await harness.open();
    expect(next.sent("hello")[0]).toMatchObject({
      rooms: [],
      positions: [{ ch: "all" }, { ch: "user:ada" }],
    });
  });

  it("joins again right after leave(), whatever the replies to the first join say", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    harness.client.join("general").leave();
    const room = harness.client.join("general");
    const [first, second] = socket.sent("join");
    socket.receive(rejection(first, "forbidden"));
    expect(room.state.status).toBe("joining");
    socket.receive(joinReply(second));
    expect(room.state.status).toBe("joined");
  });

  it("is left when the server removes the client from the room", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("general");
    socket.receive(joinReply(lastJoin(socket)), { type: "left", room: "general", reason: "forbidden" });
    expect(room.state).toMatchObject({ status: "left", error: { code: "forbidden" } });
    room.leave();
    expect(socket.sent("leave")).toEqual([]);
  });

  it("holds messages to a room, and those behind them, until the room is joined", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("general");
    void room.send("chat_message", { content: "a" });
    void harness.client.send("chat_message", { content: "b" });
    expect(socket.sent("chat_message")).toEqual([]);
    socket.receive(joinReply(lastJoin(socket)));
    expect(socket.sent("chat_message")).toEqual([
      { type: "chat_message", content: "a", $: { seq: 1, ch: "room:general" } },
      { type: "chat_message", content: "b", $: { seq: 2 } },
    ]);
  });

  it("lists the users of its room, and reports each change of the list", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const room = harness.client.join("general");
    const seen: string[][] = [];
    room.onUsersChange((users) => seen.push(users.map(({ userId }) => userId)));
    const globalLists: string[][] = [];
    harness.client.onUsersChange((users) => globalLists.push(users.map(({ userId }) => userId)));
    socket.receive(joinReply(lastJoin(socket)));
    socket.receive({ type: "user_list", users: [ADA], total: 1, $: { ch: "all" } });
    socket.receive({ type: "user_list", room: "general", users: [ADA], total: 1, $: { ch: "room:general" } });
    const { users } = room;
    socket.receive({ type: "user_joined", room: "general", users: [], total: 900 });
    expect(room.users).toBe(users);
    socket.receive({ type: "user_joined", room: "general", users: [BOB], total: 2 });
    socket.receive({ type: "user_left", room: "general", userIds: ["ada"], total: 1 });
    expect(room.users).toEqual([BOB]);
    expect(seen).toEqual([["ada"], ["ada", "bob"], ["bob"]]);
    expect(globalLists).toEqual([["ada"]]);
    expect(harness.client.users).toEqual([ADA]);
    room.leave();
    expect(harness.client.join("general").users).toEqual([]);
  });
});
