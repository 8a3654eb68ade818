// What a resume replays, how much work that is, and when it is done.
import { createMemoryBackplane } from "@halyard/server";
import type { Backplane } from "@halyard/server";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { channelsOf } from "../support/frame.ts";
import type { Position } from "../support/frame.ts";
import { MemoryNode } from "../support/memory-node.ts";
import type { MemorySocket, Resume } from "../support/memory-node.ts";
import { onEachRuntime } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";

const KIB = 1024;

/** Positions in these rooms, before any message. */
async function positionsIn(node: MemoryNode, rooms: readonly string[]): Promise<Resume> {
  const { socket, welcome } = await node.connect("bea", {}, rooms);
  await node.drop(socket);
  const states = channelsOf(welcome);
  return Object.fromEntries(
    rooms.map((room) => {
      const { epoch, off } = states[`room:${room}`] as Position;
      return [`room:${room}`, { epoch, off }];
    }),
  );
}

describe("a resume", () => {
  it("gets no message that is older than historyMs, however short the channel is [s-D5]", async () => {
    const node = new MemoryNode({ limits: { historyMs: 10_000 } });
    await node.connect("reader", {}, ["a"]);
    const positions = await positionsIn(node, ["a"]);
    await node.chat("ada", "a", "old");
    await node.clock.advance(9_999);
    const inTime = await node.connect("bea", positions);
    expect(channelsOf(inTime.welcome)["room:a"]?.recovered).toBe(true);
    await node.drop(inTime.socket);
    await node.clock.advance(1);
    const late = await node.connect("bea", positions);
    expect(channelsOf(late.welcome)["room:a"]?.recovered).toBe("trimmed");
    expect(late.frames.map(({ type }) => type)).toEqual(["gap"]);
    await node.manager.close();
  });

  it.each([
    ["historyBytes", { historyBytes: 2 * KIB }],
    ["historyMessages", { historyMessages: 2 }],
  ])("gets no message that is over %s [s-D5]", async (_, limits) => {
    const node = new MemoryNode({ limits });
    await node.connect("reader", {}, ["a"]);
    const positions = await positionsIn(node, ["a"]);
    for (let n = 0; n < 3; n++) await node.chat("ada", "a", "x".repeat(KIB));
    const resumed = await node.connect("bea", positions);
    expect(channelsOf(resumed.welcome)["room:a"]?.recovered).toBe("trimmed");
    await node.manager.close();
  });
});

/** Counts the entries that a node reads of its history, in each turn of the event loop. */
class ReadCounter {
  readonly backplane: Backplane;
  total = 0;
  most = 0;
  #inTurn = 0;

  constructor(memory: Backplane) {
    this.backplane = Object.assign(Object.create(memory) as Backplane, {
      read: async (...args: Parameters<Backplane["read"]>) => {
        const read = await memory.read(...args);
        this.#count(read.entries.length);
        return read;
      },
    });
    bindMethods(this.backplane, memory);
  }

  #count(entries: number): void {
    if (this.#inTurn === 0) setImmediate(() => (this.#inTurn = 0));
    this.#inTurn += entries;
    this.total += entries;
    this.most = Math.max(this.most, this.#inTurn);
  }
}

/** Private members want the object itself as `this`. */
function bindMethods(target: Backplane, memory: Backplane): void {
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(memory))) {
    const value: unknown = Reflect.get(memory, name);
    if (name !== "constructor" && name !== "read" && typeof value === "function")
      Object.defineProperty(target, name, { value: value.bind(memory) as unknown });
  }
}

describe("resumes of forty full rooms", () => {
  const rooms = Array.from({ length: 40 }, (_, n) => `r${String(n)}`);
  /** In each room: three of the rooms fit into one resume. */
  const MESSAGES = 300;

  async function fullRooms(): Promise<{ node: MemoryNode; counter: ReadCounter; positions: Resume }> {
    const counter = new ReadCounter(createMemoryBackplane());
    const node = new MemoryNode({ backplane: counter.backplane, isRealTime: true });
    const positions = await positionsIn(node, rooms);
    for (const room of rooms)
      for (let n = 0; n < MESSAGES; n++)
        void node.manager.sendToRoom(room, { type: "announcement", message: "x" });
    await node.settle();
    counter.total = counter.most = 0;
    return { node, counter, positions };
  }

  it("read no more of the history than one resume may replay [s-A2]", async () => {
    const { node, counter, positions } = await fullRooms();
    const { welcome, frames } = await node.connect("bea", positions);
    const states = Object.values(channelsOf(welcome)).map(({ recovered }) => recovered);
    expect(counter.total).toBeLessThanOrEqual(1_200);
    expect(states.filter((recovered) => recovered === true)).toHaveLength(3);
    expect(states.filter((recovered) => recovered === "too_many")).toHaveLength(37);
    expect(frames.filter(({ type }) => type === "announcement")).toHaveLength(900);
    await node.manager.close();
  });

  it("are spread over turns: none reads or sends more than two resumes replay [s-D18]", async () => {
    const { node, counter, positions } = await fullRooms();
    const sockets = Array.from({ length: 20 }, (_, n) => node.begin(`u${String(n)}`, positions));
    const mostSent = await watchTurns(sockets);
    expect(counter.most).toBeLessThanOrEqual(2_400);
    expect(mostSent).toBeLessThanOrEqual(2_400);
    await node.manager.close();
  });

  it("of one user are made one after the other, and another user's does not wait for them [s-A2]", async () => {
    const { node, positions } = await fullRooms();
    const own = Array.from({ length: 15 }, (_, n) => node.begin("eve", positions, [`own${String(n)}`]));
    const other = node.begin("bea", positions);
    const isWelcome = ({ texts }: MemorySocket): boolean => texts.some((text) => text.includes('"welcome"'));
    for (let turns = 0; turns < 1_000 && !isWelcome(other); turns++) await nextTurn();
    expect(isWelcome(other)).toBe(true);
    expect(own.filter(isWelcome).length).toBeLessThanOrEqual(4);
    await node.manager.close();
  });
});

/** Waits until every socket has its welcome. @returns how many messages were sent in one turn at most */
async function watchTurns(sockets: readonly MemorySocket[]): Promise<number> {
  const isMessage = (text: string): boolean => text.startsWith('{"type":"announcement"');
  const countSent = (): number => sockets.reduce((sum, { texts }) => sum + texts.filter(isMessage).length, 0);
  let [most, before] = [0, countSent()];
  for (let turns = 0; turns < 2_000; turns++) {
    await nextTurn();
    const sent = countSent();
    most = Math.max(most, sent - before);
    before = sent;
    if (sockets.every(({ texts }) => texts.some((text) => text.includes('"welcome"')))) return most;
  }
  throw new Error("not every socket was welcomed");
}

onEachRuntime("a user with 40 connections", { maxConnectionsPerUser: 40 }, (app) => {
  it("has each send of each client handled once, after all have reconnected [s-D4]", async () => {
    const ada = app.user();
    const pages = Array.from({ length: 40 }, () => new Page());
    const clients = await Promise.all(pages.map(async (page) => app.v1(ada, page)));
    const receipts = await Promise.all(
      clients.map(async (client) => client.deliver("note", { text: "once" })),
    );
    await Promise.all(clients.map(async (client) => client.cut()));
    const again = await Promise.all(pages.map(async (page) => app.v1(ada, page)));
    for (const client of again) client.send({ type: "note", text: "once", $: { seq: 1 } });
    const repeated = await Promise.all(again.map(async (client) => client.answer(1)));
    expect(await app.journal("note", ada)).toHaveLength(40);
    expect(repeated).toEqual(receipts);
  });
});
