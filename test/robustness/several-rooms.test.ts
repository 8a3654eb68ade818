// A message to several rooms where one of them fails, from a publisher, and as the listeners of a client hear it.
import { createMemoryBackplane, createWebSocketSystem } from "@halyard/server";
import type { Backplane, WebSocketManager } from "@halyard/server";
import { createPublisher } from "@halyard/server/publisher";
import { defineProtocol, HalyardError, message } from "@halyard/protocol";
import { createTestClock, createTestNetwork } from "@halyard/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { channelsOf } from "../support/away.ts";
import { TwoNodes } from "../support/two-nodes.ts";
import type { Frame, NodeSocket } from "../support/two-nodes.ts";

const protocol = defineProtocol({ serverMessages: { notice: message(z.object({ text: z.string() })) } });
const notice = (text: string) => ({ type: "notice", text }) as const;
const texts = (socket: NodeSocket): unknown[] => socket.of("notice").map(({ text }) => text);

async function settled<TResult>(nodes: TwoNodes, promise: Promise<TResult>, ms = 2_000): Promise<TResult> {
  promise.catch(() => {});
  await nodes.run(ms);
  return promise;
}

interface Place {
  readonly ch: string;
  readonly off: number;
}

/** The last position of a channel in frames. */
function lastOf(frames: readonly Frame[], ch: string): { readonly off?: number } {
  const last = frames.map(({ $ }) => $ as Place).findLast((place) => place.ch === ch);
  return last === undefined ? {} : { off: last.off };
}

const positionIn = (socket: NodeSocket, room: string) =>
  channelsOf(socket)[`room:${room}`] ?? { epoch: "", off: NaN };

const managerOf = (nodes: TwoNodes) => nodes.a.manager as unknown as WebSocketManager<typeof protocol>;

/** Two nodes whose store does not answer for some channels. */
function failing(channels: Set<string>): TwoNodes {
  return new TwoNodes({ protocol }, {}, (_, backplane) => {
    const publish = backplane.publish.bind(backplane);
    return Object.assign(backplane, {
      publish: (...args: Parameters<Backplane["publish"]>) =>
        channels.has(args[0]) ? Promise.reject(new HalyardError("unavailable")) : publish(...args),
    });
  });
}

describe("sendToRooms", () => {
  it("says per room what became of the message, and goes on there when it is called again with its key [s-P4]", async () => {
    const down = new Set(["room:b"]);
    const nodes = failing(down);
    const manager = managerOf(nodes);
    const both = await nodes.connect(nodes.b, "ada", { rooms: ["a", "b"] });
    const last = await nodes.connect(nodes.a, "bob", { rooms: ["c", "b"] });
    const send = () => manager.sendToRooms(["a", "b", "c"], notice("n"), { idempotencyKey: "job" });
    const first = await settled(nodes, send(), 20_000);
    expect(first.map(({ channel, error }) => [channel, error?.code])).toEqual([
      ["room:a", undefined],
      ["room:b", "unavailable"],
      ["room:c", "unavailable"],
    ]);
    expect(nodes.errors).toHaveLength(1);
    expect([texts(both), texts(last)]).toEqual([["n"], []]);
    down.clear();
    const second = await settled(nodes, send());
    expect(second.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(second[0]).toEqual(first[0]);
    expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(1);
    expect([texts(both), texts(last)]).toEqual([["n"], ["n"]]);
  });

  it("is given to a client that reads a later room only where the message did not come to an earlier one [s-P4]", async () => {
    const nodes = failing(new Set(["room:a"]));
    const manager = managerOf(nodes);
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["a", "b"] });
    await settled(nodes, manager.sendToRooms(["a", "b"], notice("ends at once")));
    await settled(nodes, manager.sendToRooms(["b", "a"], notice("comes in b")));
    expect(ada.of("notice").map(({ text, $ }) => [text, ($ as { readonly ch: string }).ch])).toEqual([
      ["comes in b", "room:b"],
    ]);
  });

  it("is given on resume to a client that joined the earlier room after it, and was cut off before it read the later one [s-P4]", async () => {
    const nodes = new TwoNodes({ protocol });
    const reader = await nodes.connect(nodes.a, "ada", { rooms: ["b"] });
    const { epoch, off } = channelsOf(reader)["room:b"] ?? { epoch: "", off: NaN };
    reader.close(1006);
    await settled(nodes, managerOf(nodes).sendToRooms(["a", "b"], notice("n")));
    const other = await nodes.connect(nodes.a, "ada", { rooms: ["a"] });
    const joined = channelsOf(other)["room:a"] ?? { epoch: "", off: NaN };
    const resume = (since?: number) =>
      nodes.connect(nodes.b, "ada", {
        rooms: ["a", "b"],
        positions: [
          { ch: "room:a", epoch: joined.epoch, off: joined.off, ...(since !== undefined && { since }) },
          { ch: "room:b", epoch, off },
        ],
      });
    expect(texts(await resume(joined.off))).toEqual(["n"]);
    // A client that says nothing counts as one that has read the earlier room.
    expect(texts(await resume())).toEqual([]);
  });

  it("is never passed by a resume before the client has it: a client that is cut off anywhere, and then leaves a room, misses nothing [s-P4]", async () => {
    const nodes = new TwoNodes({ protocol });
    const rooms = ["a", "b"];
    const reader = await nodes.connect(nodes.a, "ada", { rooms });
    const start = ["b", "a"].map((room) => ({ ch: `room:${room}`, ...positionIn(reader, room) }));
    reader.close(1006);
    for (const list of [rooms, ["b"], ["b", "a"], ["a"]])
      await settled(nodes, managerOf(nodes).sendToRooms(list, notice(list.join())));
    const resume = (rooms: readonly string[], positions = start) =>
      nodes.connect(nodes.b, "ada", { rooms, positions });
    const missed = (await resume(rooms)).frames.filter(({ $ }) => Number(($ as Place | undefined)?.off) > 0);
    for (let read = 0; read <= missed.length; read++) {
      const before = missed.slice(0, read);
      const positions = start.map((position) => ({ ...position, ...lastOf(before, position.ch) }));
      for (const room of rooms) {
        const back = await resume([room], positions);
        const got = new Set([...before.flatMap(({ text }) => text ?? []), ...texts(back)]);
        expect([...got].toSorted(), `${String(read)} frames read, then only ${room}`).toEqual(
          expect.arrayContaining(["a,b", "b,a", room]),
        );
      }
    }
  });

  it("refuses at once what cannot be sent, before anything is published [s-P4]", async () => {
    const nodes = new TwoNodes({ protocol });
    const manager = managerOf(nodes);
    expect(() => manager.sendToRooms(["a", "a"], notice("n"))).toThrow('a room is named twice: "a"');
    expect(() => manager.sendToRooms(["a", "all"], notice("n"))).toThrow(TypeError);
    expect(() => manager.sendToRooms(["a"], { type: "nothing" } as never)).toThrow(TypeError);
    const many = Array.from({ length: 1_001 }, (_, n) => String(n));
    expect(() => manager.sendToRooms(many.slice(0, 101), notice("n"))).toThrow("at most 100 rooms");
    expect(() => manager.sendToRoom("a", notice("n"), { except: { userIds: many } })).toThrow(
      "at most 1000 connections and users",
    );
    expect(await manager.sendToRooms([], notice("n"))).toEqual([]);
  });

  it("keeps its order with what the same process sends next, on memory [s-P4]", async () => {
    const { manager } = createWebSocketSystem({ protocol });
    onTestFinished(() => manager.close());
    const all = manager.sendToRooms(["a", "b"], notice("1"));
    const next = manager.sendToRoom("b", notice("2"));
    const [[, inB], after] = await Promise.all([all, next]);
    expect(Number(inB?.offset)).toBeLessThan(Number(after.offset));
  });
});

describe("a publisher", () => {
  it("sends to several rooms, leaves users out, closes and counts a room, as a manager does [s-P4]", async () => {
    const nodes = new TwoNodes({ protocol }, { latencyMs: { min: 1, max: 25 } });
    const publisher = createPublisher({
      backplane: nodes.shared.node("worker"),
      clock: nodes.clock,

      protocol,
    });
    const ada = await nodes.connect(nodes.a, "ada", { rooms: ["a", "b"] });
    const bob = await nodes.connect(nodes.b, "bob", { rooms: ["b"] });
    const cay = await nodes.connect(nodes.b, "cay", { rooms: ["c"] });
    const except = { userIds: ["bob"] };
    await settled(nodes, publisher.sendToRooms(["a", "b"], notice("for ada"), { except }));
    await settled(nodes, publisher.sendToRooms(["b", "a"], notice("for both")));
    expect([texts(ada), texts(bob), texts(cay)]).toEqual([["for ada", "for both"], ["for both"], []]);
    expect(await settled(nodes, publisher.getRoomStats("b"))).toEqual({ totalUsers: 2, totalConnections: 2 });
    await settled(nodes, publisher.disconnectRoom("b", { code: 4403 }));
    expect([ada, bob, cay].map(({ closedWith }) => closedWith)).toEqual([4403, 4403, undefined]);
    expect(await settled(nodes, publisher.getRoomStats("b"))).toEqual({ totalUsers: 0, totalConnections: 0 });
    await settled(nodes, publisher.close());
    await expect(publisher.disconnectRoom("b")).rejects.toMatchObject({ code: "unavailable" });
    await expect(publisher.getRoomStats("b")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("beside a manager of its own process closes a room there, on memory as well [s-P4]", async () => {
    const backplane = createMemoryBackplane();
    const { manager } = createWebSocketSystem({ protocol, backplane, authorize: () => true });
    const publisher = createPublisher({ backplane, protocol });
    const closes: (number | undefined)[] = [];
    const ws = {
      data: { userId: "ada" },
      readyState: 1,
      send: () => 0,
      close: (code?: number) => {
        ws.readyState = 3;
        closes.push(code);
        manager.handleClose(ws, code);
      },
    };
    manager.handleOpen(ws);
    await manager.join(ws, "a");
    expect(await publisher.getRoomStats("a")).toEqual({ totalUsers: 1, totalConnections: 1 });
    await publisher.disconnectRoom("a");
    expect(closes).toEqual([4401]);
    await publisher.close();
    await manager.close();
  });
});

describe("without presence", () => {
  it("a manager counts a room by asking the nodes [s-P4]", async () => {
    const nodes = new TwoNodes({ protocol, builtIns: { presence: false } });
    for (const [node, user] of [
      [nodes.a, "ada"],
      [nodes.b, "ada"],
      [nodes.b, "bob"],
    ] as const)
      await nodes.connect(node, user, { rooms: ["a"] });
    const stats = await settled(nodes, managerOf(nodes).getRoomStats("a"));
    expect(stats).toEqual({ totalUsers: 2, totalConnections: 3 });
  });
});

describe("a client in several of the rooms", () => {
  it("hears the message once for itself, and once in each room's own listeners [s-P4]", async () => {
    const clock = createTestClock();
    const system = createWebSocketSystem({ protocol, authorize: () => true, clock });
    const network = createTestNetwork(system, { clock });
    onTestFinished(() => network.close());
    const client = await network.connect({ id: "ada" });
    const heard: string[] = [];
    const [a, b] = [client.join("a"), client.join("b")];
    client.on("notice", ({ text }, { room }) => heard.push(`client ${text} in ${String(room)}`));
    for (const handle of [a, b])
      handle.on("notice", ({ text }, { room }) => heard.push(`${handle.name} ${text} in ${String(room)}`));
    await network.settle();
    await system.manager.sendToRooms(["a", "b", "c"], notice("1"));
    await network.settle();
    expect(heard.splice(0).toSorted()).toEqual(["a 1 in a", "b 1 in b", "client 1 in a"]);
    client.cut();
    await system.manager.sendToRooms(["b", "a"], notice("2"));
    await network.advance(5_000);
    expect(heard.toSorted()).toEqual(["a 2 in a", "b 2 in b", "client 2 in b"]);
  });
});
