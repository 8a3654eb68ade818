import type { Frame } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { ADA, createHarness, JOINED, reply } from "../../test/harness.ts";
import type { Room } from "../index.ts";

afterEach(() => {
  vi.useRealTimers();
});

const ALL = { all: { epoch: "e1", off: 10, recovered: "new" } };
const vote = (off: number) => ({ type: "poll_result", votes: [off], $: { ch: "room:general", off } });
const LEFT = { status: "left", error: undefined };

const joinReply = (frame: Frame | undefined) => reply(frame, { ch: "room:general", epoch: "e1", off: 5 });

function answerSends(socket: FakeSocket, from = 0): void {
  for (const frame of socket.sent("chat_message").slice(from)) socket.receive(reply(frame));
}

/** Sends messages and leaves. @returns the statuses of the receipts, as they come */
function sendAndLeave(room: Pick<Room, "send" | "leave">, count = 2): string[] {
  const statuses: string[] = [];
  for (let n = 0; n < count; n++) {
    const sending = room.send("chat_message", { content: String(n) });
    void sending.then((receipt) =>
      statuses.push(receipt.status === "rejected" ? receipt.error.code : receipt.status),
    );
  }
  room.leave();
  return statuses;
}

async function joined() {
  const harness = createHarness();
  const room = harness.client.join("general");
  const socket = await harness.open(JOINED);
  return { harness, room, socket };
}

describe("leave() after send()", () => {
  it("waits for the messages that were sent without a connection", async () => {
    const { harness, room, socket: first } = await joined();
    first.drop();
    const statuses = sendAndLeave(room);
    const socket = await harness.open(JOINED);
    expect(socket.sent("hello")[0]?.["rooms"]).toEqual(["general"]);
    expect(socket.sent("chat_message")).toHaveLength(2);
    expect(socket.sent("leave")).toEqual([]);
    answerSends(socket);
    await harness.tick();
    expect(statuses).toEqual(["delivered", "delivered"]);
    expect(socket.sent("leave")).toMatchObject([{ room: "general" }]);
    socket.drop();
    expect((await harness.open()).sent("hello")[0]?.["rooms"]).toEqual([]);
  });

  it("waits for the messages that were written before a cut, and writes them again", async () => {
    const { harness, room, socket: first } = await joined();
    const statuses = sendAndLeave(room);
    expect(first.sent("leave")).toEqual([]);
    first.drop();
    const socket = await harness.open(JOINED);
    answerSends(socket);
    await harness.tick();
    expect(statuses).toEqual(["delivered", "delivered"]);
    expect(socket.sent("leave")).toHaveLength(1);
  });

  it("waits for a join before the first welcome", async () => {
    const harness = createHarness();
    const room = harness.client.join("general");
    const statuses = sendAndLeave(room);
    expect(room.state).toEqual(LEFT);
    const socket = await harness.open({
      channels: { ...ALL, "room:general": { epoch: "-", off: 0, recovered: "pending" } },
    });
    expect(socket.sent("hello")[0]?.["rooms"]).toEqual(["general"]);
    expect(socket.sent("chat_message")).toEqual([]);
    socket.receive({ type: "joined", room: "general", epoch: "e1", off: 5 });
    answerSends(socket);
    await harness.tick();
    expect(statuses).toEqual(["delivered", "delivered"]);
    expect(socket.sent("leave")).toHaveLength(1);
  });

  it("waits for a join that has no answer", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const statuses = sendAndLeave(harness.client.join("general"));
    expect(socket.sent("leave")).toEqual([]);
    socket.receive(joinReply(socket.sent("join")[0]));
    answerSends(socket);
    await harness.tick();
    expect(statuses).toEqual(["delivered", "delivered"]);
    expect(socket.sent("leave")).toHaveLength(1);
  });

  it("waits for more messages than may be unanswered at a time", async () => {
    const { harness, room, socket } = await joined();
    const statuses = sendAndLeave(room, 40);
    expect(socket.sent("chat_message")).toHaveLength(32);
    answerSends(socket);
    expect(socket.sent("chat_message")).toHaveLength(40);
    expect(socket.sent("leave")).toEqual([]);
    answerSends(socket, 32);
    await harness.tick();
    expect(statuses).toEqual(Array.from({ length: 40 }, () => "delivered"));
    expect(socket.sent("leave")).toHaveLength(1);
  });

  it("waits for no message of another room, and for none that has expired", async () => {
    const { harness, room, socket: first } = await joined();
    first.drop();
    const statuses = sendAndLeave(room);
    await harness.tick(1_000);
    void harness.client.send("chat_message", { content: "to all" });
    // The attempts to connect have no answer.
    await harness.tick(60_000);
    expect(statuses).toEqual(["expired", "expired"]);
    const socket = await harness.open(JOINED);
    expect(socket.sent("hello")[0]?.["rooms"]).toEqual([]);
    expect(socket.sent("leave")).toHaveLength(1);
  });

  it("ends with close(): what waits is settled, and the next connection is not in the room", async () => {
    const { harness, room, socket } = await joined();
    socket.drop();
    const statuses = sendAndLeave(room);
    harness.client.close();
    await harness.tick();
    expect(statuses).toEqual(["unavailable", "unavailable"]);
    harness.client.connect();
    expect((await harness.open()).sent("hello")[0]?.["rooms"]).toEqual([]);
  });
});

describe("a room that is left, and kept for what waits", () => {
  it("is dead for its handle, and tells no listener of a gap", async () => {
    const { harness, room, socket: first } = await joined();
    first.receive({ type: "user_list", room: "general", users: [ADA], total: 1, $: { ch: "room:general" } });
    const heard: unknown[] = [];
    const states: string[] = [];
    room.on("poll_result", ({ votes }) => heard.push(votes));
    room.onStateChange(({ status }) => states.push(status));
    room.onGap((reason) => heard.push(reason));
    room.onUsersChange((users) => users.length && heard.push(users));
    harness.client.onGap((channel) => heard.push(channel));
    sendAndLeave(room);
    expect([room.state, room.users]).toEqual([LEFT, []]);
    first.receive(vote(6));
    first.drop();
    const socket = await harness.open();
    expect(socket.sent("hello")[0]).toMatchObject({ rooms: ["general"], positions: [{ ch: "all" }] });
    socket.receive(joinReply(socket.sent("join")[0]), vote(7));
    expect([room.state, heard, states]).toEqual([LEFT, [], ["left"]]);
  });

  it("is taken back by join() as it is, without a leave and a join, and is left with the new handle", async () => {
    const { harness, room, socket } = await joined();
    socket.receive({ type: "user_list", room: "general", users: [ADA], total: 1, $: { ch: "room:general" } });
    const statuses = sendAndLeave(room);
    socket.receive(vote(6));
    const again = harness.client.join("general");
    expect([again.state.status, again.users, room.state]).toEqual(["joined", [ADA], LEFT]);
    const heard: number[] = [];
    again.on("poll_result", ({ votes }) => heard.push(...votes));
    answerSends(socket);
    socket.receive(vote(6), vote(7));
    room.leave();
    await harness.tick();
    expect([statuses, heard]).toEqual([["delivered", "delivered"], [7]]);
    expect([...socket.sent("leave"), ...socket.sent("join")]).toEqual([]);
    again.leave();
    expect(socket.sent("leave")).toHaveLength(1);
  });

  it("is joined by a new handle with the next connection, and resumes from the position of that", async () => {
    const { harness, room, socket: first } = await joined();
    first.drop();
    sendAndLeave(room);
    const again = harness.client.join("general");
    expect(again.state.status).toBe("joining");
    const second = await harness.open(JOINED);
    expect(again.state.status).toBe("joined");
    answerSends(second);
    second.receive(vote(8));
    second.drop();
    const socket = await harness.open(JOINED);
    expect(socket.sent("hello")[0]?.["positions"]).toContainEqual({
      ch: "room:general",
      epoch: "e1",
      off: 8,
      since: 5,
    });
    expect([...second.sent("leave"), ...socket.sent("leave")]).toEqual([]);
  });

  it("may be joined anew by a listener that hears of the end, and stays joined", async () => {
    const { harness, room, socket } = await joined();
    const joins: Room[] = [];
    room.onStateChange(() => void joins.push(harness.client.join("general")));
    room.leave();
    await harness.tick();
    expect(joins[0]?.state.status).toBe("joined");
    expect(socket.sent("leave")).toEqual([]);
  });

  it("is over when the server refuses it: what waits goes out, and is refused", async () => {
    const harness = createHarness();
    const statuses = sendAndLeave(harness.client.join("general"));
    const socket = await harness.open({
      channels: { ...ALL, "room:general": { epoch: "-", off: 0, recovered: "forbidden" } },
    });
    socket.receive({ type: "left", room: "general", reason: "forbidden" });
    const sends = socket.sent("chat_message");
    expect(sends).toHaveLength(2);
    for (const { $ } of sends)
      socket.receive({ type: "error", code: "forbidden", message: "", retryable: false, $: { re: $?.seq } });
    await harness.tick();
    expect(statuses).toEqual(["forbidden", "forbidden"]);
    expect(socket.sent("leave")).toEqual([]);
  });
});

describe("leave() after request()", () => {
  it("waits for the request, whether it was written or waits for the room", async () => {
    const harness = createHarness();
    const socket = await harness.open({ channels: ALL });
    const room = harness.client.join("general");
    const asked = room.request("count");
    room.leave();
    expect(room.state).toEqual(LEFT);
    expect(socket.sent("leave")).toEqual([]);
    socket.receive(joinReply(socket.sent("join")[0]));
    expect(socket.sent("request")).toMatchObject([{ $: { ch: "room:general" } }]);
    expect(socket.sent("leave")).toEqual([]);
    socket.receive(reply(socket.sent("request")[0], 3));
    expect(await asked).toBe(3);
    expect(socket.sent("leave")).toMatchObject([{ room: "general" }]);
  });

  it("does not wait for a request that was given up", async () => {
    const { room, socket } = await joined();
    const end = new AbortController();
    const asked = room.request("count", undefined, { signal: end.signal });
    room.leave();
    expect(socket.sent("leave")).toEqual([]);
    end.abort(new Error("given up"));
    await expect(asked).rejects.toThrow("given up");
    expect(socket.sent("leave")).toHaveLength(1);
  });
});
