// How often the ephemeral messages of a client go on, what becomes of those in between, and which clients hear of it.
import { defineProtocol, message } from "@halyard/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { MemoryNode } from "../support/memory-node.ts";
import type { MemorySocket } from "../support/memory-node.ts";
import { onEachRuntime } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import type { V1Client } from "../support/v1-client.ts";

const point = z.object({ n: z.int() });
const protocol = defineProtocol({
  clientMessages: {
    cursor: message(point, { ephemeral: true, relay: "room" }),
    stroke: message(point, { ephemeral: { keep: "all" }, relay: "room" }),
    slow_stroke: message(point, { ephemeral: { everyMs: 400, keep: "all" }, relay: "room" }),
    calm_cursor: message(point, { ephemeral: { everyMs: 400 }, relay: "room" }),
  },
});

class Drawing {
  readonly node: MemoryNode;
  #reader: MemorySocket | undefined;
  #writer: MemorySocket | undefined;
  /** The points that the reader received, with the time since the start. */
  readonly received: string[] = [];
  #passedMs = 0;

  constructor(limits: object = {}) {
    this.node = new MemoryNode({ protocol, limits });
    onTestFinished(() => this.node.manager.close());
  }

  async open(): Promise<this> {
    this.#reader = (await this.node.connect("bea", {}, ["board"])).socket;
    this.#writer = (await this.node.connect("ada", {}, ["board"])).socket;
    return this;
  }

  get reader(): MemorySocket {
    if (this.#reader === undefined) throw new Error("not open");
    return this.#reader;
  }

  get writer(): MemorySocket {
    if (this.#writer === undefined) throw new Error("not open");
    return this.#writer;
  }

  draw(type: string, n: number): void {
    this.say({ type, n, $: { ch: "room:board" } });
  }

  /** Sends a frame of the writer. */
  say(frame: object): void {
    this.node.manager.handleMessage(this.writer, JSON.stringify(frame));
  }

  /** Lets time pass in steps of 10 ms. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      await this.node.clock.advance(10);
      this.#passedMs += 10;
      for (const { n } of this.reader.take()) this.received.push(`${String(n)} at ${String(this.#passedMs)}`);
    }
  }

  get numbers(): number[] {
    return this.received.map((text) => Number.parseInt(text, 10));
  }

  /** How many points the node has left out. */
  get thinned(): number {
    return this.node.manager.getMetrics().thinned;
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("the points of a stroke", () => {
  it("all arrive, in order and those of 50 ms together, where the contract keeps all of them [s-D16]", async () => {
    const drawing = await new Drawing().open();
    for (let n = 0; n < 40; n++) {
      drawing.draw("stroke", n);
      await drawing.pass(20);
    }
    await drawing.pass(100);
    expect(drawing.numbers).toEqual(upTo(40));
    expect(new Set(drawing.received.map((text) => text.replace(/.* at /, ""))).size).toBeLessThanOrEqual(18);
    expect(drawing.thinned).toBe(0);
  });

  it("arrive as often as their type says [s-D16]", async () => {
    const drawing = await new Drawing().open();
    for (let n = 0; n < 8; n++) {
      drawing.draw("slow_stroke", n);
      drawing.draw("calm_cursor", 100 + n);
      await drawing.pass(100);
    }
    await drawing.pass(400);
    expect(drawing.received).toEqual([
      ...["0 at 10", "100 at 10"],
      ...["1 at 400", "2 at 400", "3 at 400", "103 at 400"],
      ...["4 at 800", "5 at 800", "6 at 800", "7 at 800", "107 at 800"],
    ]);
    expect(drawing.thinned).toBe(5);
  });
});

describe("the positions of a cursor", () => {
  it("come every limits.ephemeralIntervalMs, the last one always, and the others are counted [s-D16]", async () => {
    const drawing = await new Drawing({ ephemeralIntervalMs: 200 }).open();
    for (let n = 0; n < 21; n++) {
      drawing.draw("cursor", n);
      await drawing.pass(20);
    }
    await drawing.pass(400);
    expect(drawing.received).toEqual(["0 at 10", "9 at 200", "19 at 400", "20 at 600"]);
    expect(drawing.thinned).toBe(17);
  });

  it("above the rate of all frames are left out without an answer, and counted [s-D16]", async () => {
    const drawing = await new Drawing({ messagesPerSecond: 1, messageBurst: 12 }).open();
    for (let n = 0; n < 30; n++) drawing.draw("stroke", n);
    await drawing.pass(100);
    // The hello was a frame, too.
    expect(drawing.numbers).toEqual(upTo(11));
    expect(drawing.thinned).toBe(19);
  });
});

/** Of a stroke and a cursor, the first point of each came at once, and the others wait for 400 ms. */
async function openWithPointsThatWait(): Promise<Drawing> {
  const drawing = await new Drawing().open();
  for (let n = 0; n < 4; n++) {
    drawing.draw("slow_stroke", n);
    drawing.draw("calm_cursor", 100 + n);
  }
  await drawing.pass(20);
  expect(drawing.numbers).toEqual([0, 100]);
  return drawing;
}

describe("what waits for its interval", () => {
  it("goes before the leave of its sender, and that of other rooms does not [s-D16]", async () => {
    const drawing = await openWithPointsThatWait();
    drawing.say({ type: "join", room: "hall", $: { id: "j" } });
    drawing.say({ type: "leave", room: "hall", $: { id: "l" } });
    await drawing.pass(20);
    expect(drawing.numbers).toEqual([0, 100]);
    drawing.say({ type: "leave", room: "board", $: { id: "m" } });
    await drawing.pass(1_000);
    expect(drawing.received).toEqual(["0 at 10", "100 at 10", ...[1, 2, 3, 103].map((n) => `${n} at 50`)]);
    expect(drawing.writer.take().map(({ type }) => type)).not.toContain("error");
    expect(drawing.thinned).toBe(2);
  });

  it.each([1000, 1001, 1005, 1006])("goes when its connection ends with %i [s-D16]", async (code) => {
    const drawing = await openWithPointsThatWait();
    drawing.node.manager.handleClose(drawing.writer, code);
    await drawing.pass(1_000);
    expect(drawing.received.slice(2)).toEqual([1, 2, 3, 103].map((n) => `${n} at 30`));
  });

  it("has no effect after a sign-out or a ban, also of a connection that has closed by itself [s-D16]", async () => {
    for (const code of [4401, 4403] as const)
      for (const closesBefore of [false, true]) {
        const drawing = await openWithPointsThatWait();
        if (closesBefore) drawing.node.manager.handleClose(drawing.writer, 1000);
        await drawing.node.manager.disconnectUser("ada", { code });
        await drawing.pass(1_000);
        expect(drawing.numbers).toEqual([0, 100]);
      }
  });

  it("has no effect when the server has ended the membership, or ends itself [s-D16]", async () => {
    const removed = await openWithPointsThatWait();
    await removed.node.manager.leave(removed.writer, "board");
    await removed.pass(1_000);
    expect(removed.numbers).toEqual([0, 100]);
    const ended = await openWithPointsThatWait();
    const closing = ended.node.manager.close();
    await ended.pass(1_000);
    await closing;
    expect(ended.numbers).toEqual([0, 100]);
  });
});

it("an indicator of typing that waits is dropped with its connection, and the end of typing is told [s-D16]", async () => {
  const drawing = await new Drawing().open();
  for (const isTyping of [true, false, true])
    drawing.say({ type: "typing_indicator", isTyping, $: { ch: "room:board" } });
  await drawing.node.settle();
  drawing.node.manager.handleClose(drawing.writer, 1000);
  await drawing.node.clock.advance(1_000);
  expect(drawing.reader.take().map(({ isTyping }) => isTyping)).toEqual([true, false]);
});

onEachRuntime("the last position of a cursor", { limits: { ephemeralIntervalMs: 60_000 } }, (app) => {
  it.each<[string, (app: TestApp, sender: V1Client, room: string, userId: string) => unknown]>([
    ["leaves the room", (_, sender, room) => sender.sendAndWait({ type: "leave", room })],
    ["closes", (_, sender) => sender.close()],
    ["is cut off", (_, sender) => sender.cut()],
    ["is replaced by a newer connection", (_app, sender, _room, id) => _app.v1(id, sender.page)],
  ])("arrives, with its author, when its sender %s [s-D16]", async (_, end) => {
    const [ada, room] = [app.user("ada"), app.room()];
    const [sender, member] = [await app.v1(ada), await app.v1()];
    for (const client of [sender, member]) await client.join(room);
    for (let x = 0; x <= 5; x++) sender.send({ type: "cursor_moved", x, y: 0, $: { ch: `room:${room}` } });
    await sender.sync();
    await end(app, sender, room, ada);
    const last = await member.seen({ type: "cursor_moved", x: 5 });
    expect(last["from"]).toMatchObject({ userId: ada, name: `A${ada.slice(1)}` });
    expect(member.all("cursor_moved").map(({ x }) => x)).toEqual([0, 5]);
  });
});

it("a contract that says something else about ephemeral messages is a TypeError [s-D16]", () => {
  for (const ephemeral of [{ everyMs: -1 }, { everyMs: 1e9 }, { keep: "first" }, "all"]) {
    const clientMessages = { stroke: message(point, { ephemeral } as never) };
    expect(() => defineProtocol({ clientMessages })).toThrow(/^stroke: ephemeral is /);
  }
});
