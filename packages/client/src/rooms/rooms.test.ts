import type { Frame } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { ADA, BOB, createWorld } from "../../test/harness.ts";
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
const refusal = (frame: Frame | undefined, code: string, retryAfterMs?: number) => ({
  type: "error",
  code,
  message: code,
  retryable: code === "rate_limited" || code === "unavailable",
  retryAfterMs,
  $: { re: frame?.$?.id },
});
const lastJoin = (socket: FakeSocket) => socket.sent("join").at(-1);

describe("join", () => {
  it("asks at once when open, and is joined with the reply", async () => {
    const world = createWorld();
    const socket = await world.open();
    const room = world.client.join("general");
    expect(room.name).toBe("general");
    expect(room.state).toEqual({ status: "joining" });
    expect(socket.sent("join")).toEqual([{ type: "join", room: "general", $: { id: "r1" } }]);
    socket.receive(joinReply(lastJoin(socket)));
    expect(room.state).toEqual({ status: "joined" });
    expect(await room.ready).toEqual({ status: "joined" });
  });

  it("is told in the hello when not open, and joined with the welcome", async () => {
    const world = createWorld();
    const room = world.client.join("general");
    const socket = await world.open({ channels: { ...ALL, ...GENERAL } });
    expect(socket.sent("hello")[0]?.["rooms"]).toEqual(["general"]);
    expect(room.state.status).toBe("joined");
    expect(socket.sent("join")).toEqual([]);
  });

  it("survives a reconnect, with its position", async () => {
    const world = createWorld();
    const first = await world.open();
    const room = world.client.join("general");
    first.receive(joinReply(lastJoin(first)), vote(7, "general"));
    const states: string[] = [];
    room.onStateChange(({ status }) => states.push(status));
    first.drop();
    const second = await world.open({
      channels: { ...ALL, "room:general": { epoch: "e1", off: 7, recovered: true } },
    });
    expect(second.sent("hello")[0]).toMatchObject({
      rooms: ["general"],
      positions: [{ ch: "all" }, { ch: "user:ada" }, { ch: "room:general", epoch: "e1", off: 7 }],
    });
    expect(states).toEqual(["joining", "joined"]);
  });

  it("asks for a room that the welcome leaves out, and tells what may be lost", async () => {
    const world = createWorld();
    const first = await world.open();
    const room = world.client.join("general");
    const gaps: string[] = [];
    room.onGap((reason) => gaps.push(reason));
    first.receive(joinReply(lastJoin(first)));
    first.drop();
    const second = await world.open();
    expect(room.state.status).toBe("joining");
    second.receive(joinReply(lastJoin(second), 9));
    expect(room.state.status).toBe("joined");
    expect(gaps).toEqual(["lost"]);
  });

  it("tells a refusal in state and ready, and does not ask again", async () => {
    const world = createWorld();
    const socket = await world.open();
    const room = world.client.join("secret");
    const { ready } = room;
    socket.receive(refusal(lastJoin(socket), "forbidden"));
    expect(await ready).toMatchObject({ status: "left", error: { code: "forbidden", retryable: false } });
    socket.drop();
    expect((await world.open()).sent("hello")[0]?.["rooms"]).toEqual([]);
    const again = world.client.join("secret");
    expect(again.state.status).toBe("joining");
    expect(room.state.status).toBe("left");
  });

  it("is left when a resume finds it forbidden", async () => {
    const world = createWorld();
    const room = world.client.join("secret");
    const socket = await world.open({
      channels: { ...ALL, "room:secret": { epoch: "-", off: 0, recovered: "forbidden" } },
    });
    expect(room.state.status).toBe("joining");
    socket.receive({ type: "left", room: "secret", reason: "forbidden" });
    expect(room.state).toMatchObject({ status: "left", error: { code: "forbidden" } });
    expect(socket.sent("join")).toEqual([]);
  });

  it("asks again when the refusal is for now only", async () => {
    const world = createWorld();
    const socket = await world.open();
    const room = world.client.join("general");
    socket.receive(refusal(lastJoin(socket), "rate_limited", 700));
    await world.tick(690);
    expect(socket.sent("join")).toHaveLength(1);
    await world.tick(20);
    expect(socket.sent("join")).toHaveLength(2);
    socket.receive(refusal(lastJoin(socket), "unavailable"));
    await world.tick(1_000);
    socket.receive(joinReply(lastJoin(socket)));
    expect(room.state.status).toBe("joined");
    await world.tick(30_000);
    expect(socket.sent("join")).toHaveLength(3);
  });

  it("asks again when there is no answer", async () => {
    const world = createWorld();
    const socket = await world.open();
    world.client.join("general");
    await world.tick(11_010);
    expect(socket.sent("join")).toHaveLength(2);
  });

  it("refuses names that are none, and the 101st room, without asking", async () => {
    const world = createWorld();
    for (const name of ["", "a b", "x".repeat(129), "room\n"]) {
      expect(world.client.join(name).state).toMatchObject({
        status: "left",
        error: { code: "invalid_message" },
      });
    }
    for (let n = 0; n < 100; n++) world.client.join(`r${String(n)}`);
    const room = world.client.join("r100");
    expect(await room.ready).toMatchObject({ status: "left", error: { code: "limit_exceeded" } });
    room.leave();
    const socket = await world.open();
    expect(socket.sent("hello")[0]?.["rooms"]).toHaveLength(100);
  });

  it("stays under the server's rate for many rooms at once", async () => {
    const world = createWorld();
    const socket = await world.open();
    for (let n = 0; n < 100; n++) world.client.join(`r${String(n)}`);
    expect(socket.sent("join")).toHaveLength(30);
    for (let ms = 0; ms < 7_200; ms += 50) {
      for (const frame of socket.sent("join").slice(-20)) socket.receive(joinReply(frame));
      await world.tick(50);
    }
    expect(new Set(socket.sent("join").map((frame) => frame["room"])).size).toBe(100);
    expect(socket.sent("join")).toHaveLength(100);
  });

  it("takes note when the server joins a room for this client", async () => {
    const world = createWorld();
    const socket = await world.open();
    const heard: unknown[] = [];
    world.client.on("poll_result", (_, { room }) => heard.push(room));
    socket.receive({ type: "joined", room: "lobby", epoch: "e1", off: 3 }, vote(4, "lobby"));
    socket.drop();
    expect(heard).toEqual(["lobby"]);
    expect((await world.open()).sent("hello")[0]?.["positions"]).toContainEqual({
      ch: "room:lobby",
      epoch: "e1",
      off: 4,
    });
  });
});

describe("a room", () => {
  it("hears its own messages only, and nothing after leave()", async () => {
    const world = createWorld();
    const socket = await world.open();
    const room = world.client.join("general");
    const heard: unknown[] = [];
    room.on("poll_result", ({ votes }) => heard.push(...votes));
    socket.receive(joinReply(lastJoin(socket)), vote(6, "general"), vote(7, "other"), {
      type: "poll_result",
      votes: [8],
      $: { ch: "all", off: 11 },
    });
    room.leave();
    socket.receive(vote(9, "general"));
    room.on("poll_result", () => heard.push("late"));
    socket.receive(vote(10, "general"));
    expect(heard).toEqual([6]);
  });

  it("is left with its last handle", async () => {
    const world = createWorld();
    const socket = await world.open();
    const one = world.client.join("general");
    const two = world.client.join("general");
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
    const next = await world.open();
    expect(next.sent("hello")[0]).toMatchObject({
      rooms: [],
      positions: [{ ch: "all" }, { ch: "user:ada" }],
    });
  });

  it("can be had again right after leave(), whatever the old answers say", async () => {
    const world = createWorld();
    const socket = await world.open();
    world.client.join("general").leave();
    const room = world.client.join("general");
    const [first, second] = socket.sent("join");
    socket.receive(refusal(first, "forbidden"));
    expect(room.state.status).toBe("joining");
    socket.receive(joinReply(second));
    expect(room.state.status).toBe("joined");
  });

  it("is left when the server says so", async () => {
    const world = createWorld();
    const socket = await world.open();
    const room = world.client.join("general");
    socket.receive(joinReply(lastJoin(socket)), { type: "left", room: "general", reason: "forbidden" });
    expect(room.state).toMatchObject({ status: "left", error: { code: "forbidden" } });
    room.leave();
    expect(socket.sent("leave")).toEqual([]);
  });

  it("holds what is sent to it until it is joined, and everything behind it", async () => {
    const world = createWorld();
    const socket = await world.open();
    const room = world.client.join("general");
    void room.send("chat_message", { content: "a" });
    void world.client.send("chat_message", { content: "b" });
    expect(socket.sent("chat_message")).toEqual([]);
    socket.receive(joinReply(lastJoin(socket)));
    expect(socket.sent("chat_message")).toEqual([
      { type: "chat_message", content: "a", $: { seq: 1, ch: "room:general" } },
      { type: "chat_message", content: "b", $: { seq: 2 } },
    ]);
  });

  it("knows who is in it", async () => {
    const world = createWorld();
    const socket = await world.open();
    const room = world.client.join("general");
    const seen: string[][] = [];
    room.onUsersChange((users) => seen.push(users.map(({ userId }) => userId)));
    const everybody: string[][] = [];
    world.client.onUsersChange((users) => everybody.push(users.map(({ userId }) => userId)));
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
    expect(everybody).toEqual([["ada"]]);
    expect(world.client.users).toEqual([ADA]);
    room.leave();
    expect(world.client.join("general").users).toEqual([]);
  });
});
