import type { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { ADA, BOB, createHarness, JOINED, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const shown = (socket: FakeSocket): unknown[] =>
  socket.sent("presence_update").map(({ room, state }) => ({ room, state }));
const stateOf = (state: object): object => ({ room: "general", state });

function refuse(socket: FakeSocket, error: object): void {
  const { $ } = socket.sent("presence_update").at(-1) ?? {};
  socket.receive({ type: "error", message: "no", retryable: false, ...error, $: { re: $?.id } });
}

async function joined() {
  const harness = createHarness();
  const room = harness.client.join("general");
  const socket = await harness.open(JOINED);
  return { harness, room, socket };
}

describe("updatePresence", () => {
  it("sends the first state at once, and then the latest of every 50 ms, whole", async () => {
    const { harness, room, socket } = await joined();
    room.updatePresence({ status: "here", x: 0 });
    for (let x = 1; x <= 20; x++) {
      room.updatePresence({ x });
      await harness.tick(5);
    }
    await harness.tick(100);
    expect(shown(socket)).toEqual([0, 10, 20].map((x) => stateOf({ status: "here", x })));
  });

  it("waits for the room, and sends the state again with each connection", async () => {
    const harness = createHarness();
    const room = harness.client.join("general");
    room.updatePresence({ x: 1 });
    room.updatePresence({ y: 2 });
    const first = await harness.open(JOINED);
    expect(shown(first)).toEqual([stateOf({ x: 1, y: 2 })]);
    room.updatePresence({ x: 3 });
    first.drop();
    const second = await harness.open(JOINED);
    expect(shown(second)).toEqual([stateOf({ x: 3, y: 2 })]);
    second.drop();
    await harness.tick(2_000);
    expect(shown(await harness.open(JOINED))).toEqual([stateOf({ x: 3, y: 2 })]);
  });

  it("keeps at most four updates unanswered, and then sends the latest", async () => {
    const { harness, room, socket } = await joined();
    for (let x = 0; x < 10; x++) {
      room.updatePresence({ x });
      await harness.tick(50);
    }
    expect(shown(socket)).toHaveLength(4);
    for (const frame of socket.sent("presence_update")) socket.receive(reply(frame));
    expect(shown(socket).slice(4)).toEqual([stateOf({ x: 9 })]);
  });

  it("ends with the last handle of the room: a later join shows nothing", async () => {
    const { harness, room, socket } = await joined();
    room.updatePresence({ x: 1 });
    room.updatePresence({ x: 2 });
    room.leave();
    room.updatePresence({ x: 3 });
    await harness.tick(100);
    expect(shown(socket)).toEqual([stateOf({ x: 1 })]);
    harness.client.join("general");
    socket.receive(reply(socket.sent("join").at(-1), { ch: "room:general", epoch: "e1", off: 5 }));
    await harness.tick(100);
    expect(shown(socket)).toHaveLength(1);
  });

  it("reports what the server refuses, and goes on with the next patch", async () => {
    const { harness, room, socket } = await joined();
    room.updatePresence({ x: "far" });
    refuse(socket, { code: "invalid_message", issues: [{ path: "x", message: "not a number" }] });
    expect((harness.errors as HalyardError[]).map(({ code, issues }) => [code, issues])).toEqual([
      ["invalid_message", [{ path: "x", message: "not a number" }]],
    ]);
    await harness.tick(1_000);
    expect(shown(socket)).toHaveLength(1);
    room.updatePresence({ x: 1 });
    expect(shown(socket).at(-1)).toEqual(stateOf({ x: 1 }));
  });

  it("reports what no frame carries", async () => {
    const { harness, room, socket } = await joined();
    room.updatePresence({ text: "x".repeat(100_000) });
    expect(harness.errors).toMatchObject([{ code: "payload_too_large" }]);
    expect(shown(socket)).toEqual([]);
  });

  it("sends the state again after an error that passes, when the server says, and reports nothing", async () => {
    const { harness, room, socket } = await joined();
    room.updatePresence({ x: 1 });
    refuse(socket, { code: "rate_limited", retryable: true, retryAfterMs: 300 });
    await harness.tick(290);
    expect(shown(socket)).toHaveLength(1);
    await harness.tick(20);
    expect(shown(socket)).toHaveLength(2);
    expect(harness.errors).toEqual([]);
  });

  it("is silent about a room that the server has ended", async () => {
    const { harness, room, socket } = await joined();
    room.updatePresence({ x: 1 });
    socket.receive({ type: "left", room: "general", reason: "forbidden" });
    refuse(socket, { code: "forbidden" });
    room.updatePresence({ x: 2 });
    await harness.tick(1_000);
    expect([shown(socket).length, harness.errors]).toEqual([1, []]);
  });
});

describe("the state of a user", () => {
  it("changes the object of this user alone, and ends where an entry comes without one", async () => {
    const { room, socket } = await joined();
    const $ = { ch: "room:general" };
    const list = (type: string, users: object[]) =>
      socket.receive({ type, room: "general", users, total: 2, $ });
    list("user_list", [ADA, { ...BOB, presence: { x: 1 } }]);
    const [ada, bob] = room.users;
    list("user_joined", [{ ...BOB, presence: { x: 2 } }]);
    expect(room.users).toEqual([ADA, { ...BOB, presence: { x: 2 } }]);
    expect([room.users[0] === ada, room.users[1] === bob]).toEqual([true, false]);
    const same = room.users;
    list("user_joined", [{ ...BOB, presence: { x: 2 } }]);
    expect(room.users).toBe(same);
    list("user_joined", [BOB]);
    expect(room.users).toEqual([ADA, BOB]);
  });
});

describe("another user who signs in on the same client", () => {
  it("does not show what the first one has shown", async () => {
    const { harness, room, socket: first } = await joined();
    room.updatePresence({ status: "away" });
    first.drop();
    await harness.open({ ...JOINED, user: BOB });
    const last = await harness.open({ ...JOINED, user: BOB });
    expect(shown(last)).toEqual([]);
    room.updatePresence({ status: "here" });
    expect(shown(last)).toEqual([stateOf({ status: "here" })]);
  });

  it("shows what was set after the sign-in, and nothing from before", async () => {
    const { harness, room, socket: first } = await joined();
    room.updatePresence({ status: "away", x: 1 });
    first.drop(4401);
    harness.client.authenticate();
    room.updatePresence({ status: "here" });
    await harness.open({ ...JOINED, user: BOB });
    const last = await harness.open({ ...JOINED, user: BOB });
    expect(shown(last)).toEqual([stateOf({ status: "here" })]);
  });

  it("is not meant where the same user signs in again", async () => {
    const { harness, room, socket: first } = await joined();
    room.updatePresence({ status: "away", x: 1 });
    first.drop(4401);
    harness.client.authenticate();
    room.updatePresence({ status: "here" });
    expect(shown(await harness.open(JOINED))).toEqual([stateOf({ status: "here", x: 1 })]);
  });
});
