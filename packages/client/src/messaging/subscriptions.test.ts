import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

let offset = 100;
const vote = (votes: number, ch = "all"): object => ({
  type: "poll_result",
  votes: [votes],
  $: { ch, off: ++offset },
});

async function open() {
  const harness = createHarness();
  const socket = await harness.open();
  const room = harness.client.join("general");
  socket.receive(reply(socket.sent("join")[0], { ch: "room:general", epoch: "e1", off: 0 }));
  return { ...harness, socket, room };
}

describe("a subscription", () => {
  it("for the next message only hears one of the client or of its room, also when it throws [s-P5]", async () => {
    const { client, room, socket, errors } = await open();
    const heard: unknown[] = [];
    client.once("poll_result", ({ votes }) => {
      heard.push(...votes);
      socket.receive(vote(2));
      throw new Error("once");
    });
    room.once("poll_result", ({ votes }, { room: name }) => heard.push(name, ...votes));
    socket.receive(vote(1), vote(3, "room:general"), vote(4, "room:general"));
    expect(heard).toEqual([1, "general", 3]);
    expect(errors).toEqual([new Error("once")]);
  });

  it("to all types hears messages of the contract and of Halyard, and no frame of the connection [s-P5]", async () => {
    const { client, room, socket } = await open();
    const heard: string[] = [];
    const inRoom: string[] = [];
    client.onAny(({ type }) => heard.push(type));
    room.onAny(({ type }) => inRoom.push(type));
    socket.receive(
      { type: "pong" },
      { type: "reconnect", afterMs: 0 },
      { type: "skip", $: { ch: "all", off: 11 } },
      { type: "announcement", id: "1", message: "hello", sentAt: "", $: { ch: "all", off: 12 } },
      vote(1, "room:general"),
      { type: "user_list", users: [], total: 0, room: "general", $: { ch: "room:general" } },
      { type: "error", code: "invalid_json", message: "", retryable: false },
    );
    expect(heard).toEqual(["announcement", "poll_result", "user_list", "error"]);
    expect(inRoom).toEqual(["poll_result", "user_list"]);
  });

  it("with a signal ends when it aborts, and does not begin when it has aborted [s-P5]", async () => {
    const { client, room, socket } = await open();
    const leaving = new AbortController();
    const { signal } = leaving;
    const heard: number[] = [];
    const listen = (from: number): void => {
      client.on("poll_result", () => heard.push(from), { signal });
      client.once("poll_result", () => heard.push(from + 1), { signal });
      room.onAny(() => heard.push(from + 2), { signal });
    };
    listen(1);
    socket.receive(vote(1, "room:general"));
    leaving.abort();
    listen(11);
    socket.receive(vote(2, "room:general"));
    expect(heard).toEqual([1, 2, 3]);
  });

  it("keeps no listener at its signal once it has ended, in whatever way [s-P5]", async () => {
    const { client, room, socket } = await open();
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    client.on("poll_result", () => undefined, { signal })();
    client.once("poll_result", () => undefined, { signal });
    socket.receive(vote(1));
    room.on("poll_result", () => undefined, { signal });
    room.leave();
    room.on("poll_result", () => undefined, { signal });
    const listeners = new Set(added.mock.calls.map(([, listener]) => listener));
    for (const [, listener] of removed.mock.calls) listeners.delete(listener);
    expect(added.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(listeners.size).toBe(0);
  });
});
