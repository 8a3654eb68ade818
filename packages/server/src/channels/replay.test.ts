import { LIMITS } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import type { ReceivedFrame } from "../../test/fake-socket.ts";
import { CLIENT_ID, positionIn, TestSystem } from "../../test/test-system.ts";
import type { Hello } from "../../test/test-system.ts";
import type { ServerLimits } from "../limits.ts";

interface Resumed {
  readonly states: Record<
    string,
    { readonly epoch: string; readonly off: number; readonly recovered: unknown }
  >;
  readonly frames: ReceivedFrame[];
}

class Scene extends TestSystem {
  #attempt = 1;

  constructor(limits: Partial<ServerLimits> = {}) {
    super({ limits, builtIns: { presence: false }, authorize: () => true });
  }

  /** Where a client stood that has read everything and is gone. */
  async leftOff(hello: Hello = {}): Promise<(ch: string) => ReturnType<typeof positionIn>> {
    const ws = await this.join("ada", hello);
    const [welcome] = ws.take();
    await this.drop(ws);
    return (ch) => positionIn(welcome, ch);
  }

  async announce(count: number, room?: string, size = 1): Promise<void> {
    const from = { userId: "bea", name: "Bea", connectedAt: "2026-11-23T00:00:00.000Z" };
    for (let n = 0; n < count; n++) {
      const content = "x".repeat(size);
      if (room === undefined) void this.manager.broadcastMessage({ type: "announcement", message: content });
      else void this.manager.sendToRoom(room, { type: "chat_message", content, from });
    }
    await this.clock.settle();
  }

  async resume(hello: Hello): Promise<Resumed> {
    const ws = await this.join("ada", { attempt: ++this.#attempt, ...hello });
    const [welcome, ...frames] = ws.take();
    return { states: welcome?.["channels"] as Resumed["states"], frames };
  }
}

const offsets = (frames: readonly ReceivedFrame[], ch: string): (number | undefined)[] =>
  frames.filter(({ $ }) => $?.ch === ch).map(({ $ }) => $?.off);

describe("a resume", () => {
  it("replays everything after the position from the channel's newest frames", async () => {
    const scene = new Scene();
    const position = await scene.leftOff();
    await scene.announce(20);
    const { states, frames } = await scene.resume({ positions: [position("all")] });
    expect(states["all"]).toEqual({
      epoch: position("all").epoch,
      off: position("all").off,
      head: position("all").off + 20,
      recovered: true,
    });
    const first = position("all").off + 1;
    expect(offsets(frames, "all")).toEqual(Array.from({ length: 20 }, (_, n) => first + n));
  });

  it("replays from the history what the channel's newest frames do not reach", async () => {
    const scene = new Scene();
    const position = await scene.leftOff();
    await scene.announce(900);
    const { states, frames } = await scene.resume({ positions: [position("all")] });
    expect(states["all"]?.recovered).toBe(true);
    expect(frames).toHaveLength(900);
  });

  it("replays after the node has closed the channel", async () => {
    const scene = new Scene();
    const position = await scene.leftOff({ rooms: ["a"] });
    await scene.announce(3, "a");
    await scene.clock.advance(60_000);
    expect(scene.internals.channels.size).toBe(0);
    await scene.announce(3, "a");
    const { states, frames } = await scene.resume({ positions: [position("room:a")], rooms: ["a"] });
    expect(states["room:a"]?.recovered).toBe(true);
    expect(frames).toHaveLength(6);
  });

  it("recovers a channel in which nothing happened", async () => {
    const scene = new Scene();
    const position = await scene.leftOff();
    await scene.clock.advance(4 * 60_000);
    const { states, frames } = await scene.resume({ positions: [position("all")] });
    expect(states["all"]).toMatchObject({ off: position("all").off, recovered: true });
    expect(frames).toEqual([]);
  });

  it("reads from now on without a position", async () => {
    const scene = new Scene();
    await scene.leftOff();
    await scene.announce(3);
    const { states, frames } = await scene.resume({});
    expect(states["all"]).toMatchObject({ off: 3, recovered: "new" });
    expect(frames).toEqual([]);
  });
});

describe("a resume that is not possible", () => {
  const gap = (ch: string, reason: string, off: number): object => ({ type: "gap", ch, off, reason });

  it.each([
    ["lost: the epoch is another one", { epoch: "another" }],
    ["lost: the position lies in the future", { off: 4_711 }],
  ])("says %s", async (_, change) => {
    const scene = new Scene();
    const position = await scene.leftOff();
    await scene.announce(3);
    const { states, frames } = await scene.resume({ positions: [{ ...position("all"), ...change }] });
    expect(states["all"]).toMatchObject({ epoch: position("all").epoch, off: 3, recovered: "lost" });
    expect(frames).toMatchObject([gap("all", "lost", 3)]);
  });

  it.each([
    ["messages", { historyMessages: 5 }],
    ["bytes", { historyBytes: 500 }],
    ["age", { historyMs: 1_000 }],
  ])("says trimmed: the history is bounded in %s", async (_, limits) => {
    const scene = new Scene(limits);
    const position = await scene.leftOff();
    // More than the newest frames that the node keeps by itself.
    await scene.announce(200);
    await scene.clock.advance(1_000);
    const { states, frames } = await scene.resume({ positions: [position("all")] });
    expect(states["all"]).toMatchObject({ off: 200, recovered: "trimmed" });
    expect(frames).toMatchObject([gap("all", "trimmed", 200)]);
  });

  it("answers trimmed for a position between two messages", async () => {
    const scene = new Scene();
    await scene.leftOff();
    await scene.announce(1);
    await scene.announce(1, "a");
    await scene.announce(1);
    const position = await scene.leftOff({ attempt: 9, clientId: `${CLIENT_ID}2` });
    const { states } = await scene.resume({ positions: [{ ...position("all"), off: 2 }] });
    expect(states["all"]?.recovered).toBe("trimmed");
  });

  it("answers too_many for a channel with more than 1,000 messages to replay", async () => {
    const scene = new Scene({ historyMessages: 2_000 });
    const position = await scene.leftOff();
    await scene.announce(LIMITS.replayedMessages + 1);
    const { states, frames } = await scene.resume({ positions: [position("all")] });
    expect(states["all"]).toMatchObject({ off: 1_001, recovered: "too_many" });
    expect(frames).toMatchObject([gap("all", "too_many", 1_001)]);
  });

  it("answers too_many for one channel, and replays the others", async () => {
    const scene = new Scene();
    const position = await scene.leftOff({ rooms: ["a"] });
    await scene.announce(2, "a");
    const wrong = { ...position("all"), epoch: "another" };
    const { states, frames } = await scene.resume({ positions: [wrong, position("room:a")], rooms: ["a"] });
    expect(states).toMatchObject({ all: { recovered: "lost" }, "room:a": { recovered: true } });
    expect(frames.map(({ type }) => type)).toEqual(["gap", "chat_message", "chat_message"]);
  });
});

describe("the replays of one resume", () => {
  const rooms = ["a", "b", "c"];

  it("replays at most 1,000 messages over all channels, in the order of the positions", async () => {
    const scene = new Scene();
    const position = await scene.leftOff({ rooms });
    for (const room of rooms) await scene.announce(400, room);
    const positions = ["room:c", "room:a", "room:b"].map(position);
    const { states, frames } = await scene.resume({ positions, rooms });
    expect(states).toMatchObject({
      "room:c": { recovered: true },
      "room:a": { recovered: true },
      "room:b": { recovered: "too_many" },
    });
    expect(frames.map(({ $, ch }) => $?.ch ?? `gap in ${String(ch)}`)).toEqual([
      "gap in room:b",
      ...Array.from({ length: 400 }, () => "room:c"),
      ...Array.from({ length: 400 }, () => "room:a"),
    ]);
  });

  it("replays at most 512 KiB, and a smaller channel still fits after one that does not", async () => {
    const scene = new Scene();
    const position = await scene.leftOff({ rooms });
    await scene.announce(10, "a", 40 * 1024);
    await scene.announce(10, "b", 20 * 1024);
    await scene.announce(10, "c", 1_024);
    const { states } = await scene.resume({
      positions: rooms.map((room) => position(`room:${room}`)),
      rooms,
    });
    expect(rooms.map((room) => states[`room:${room}`]?.recovered)).toEqual([true, "too_many", true]);
  });

  it("leaves out messages that excluded this client, and advances its position past them", async () => {
    const scene = new Scene();
    const ws = await scene.join("ada");
    const position = positionIn(ws.take()[0], "all");
    void scene.manager.broadcastMessage({ type: "announcement", message: "for the others" }, ws);
    void scene.manager.broadcastMessage({ type: "announcement", message: "for everyone" });
    void scene.manager.broadcastMessage({ type: "announcement", message: "for the others again" }, ws);
    await scene.clock.settle();
    expect(ws.take().map(({ type, $ }) => [type, $?.off])).toEqual([
      ["announcement", 2],
      ["skip", 3],
    ]);
    await scene.drop(ws);
    const { frames } = await scene.resume({ positions: [position] });
    expect(frames.map(({ type, $ }) => [type, $?.off])).toEqual([
      ["announcement", 2],
      ["skip", 3],
    ]);
  });
});
