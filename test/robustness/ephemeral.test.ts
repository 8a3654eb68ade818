// How often the ephemeral messages of a client go on, what becomes of those in between, and who hears of it.
import { defineProtocol, message } from "@halyard/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { MemoryNode } from "../support/memory-node.ts";
import type { MemorySocket } from "../support/memory-node.ts";

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

  draw(type: string, n: number): void {
    if (this.#writer === undefined) throw new Error("not open");
    this.node.manager.handleMessage(this.#writer, JSON.stringify({ type, n, $: { ch: "room:board" } }));
  }

  /** Lets time pass in steps of 10 ms. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      await this.node.clock.advance(10);
      this.#passedMs += 10;
      for (const { n } of this.#reader?.take() ?? [])
        this.received.push(`${String(n)} at ${String(this.#passedMs)}`);
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

it("a contract that says something else about ephemeral messages is a TypeError [s-D16]", () => {
  for (const ephemeral of [{ everyMs: -1 }, { everyMs: 1e9 }, { keep: "first" }, "all"]) {
    const clientMessages = { stroke: message(point, { ephemeral } as never) };
    expect(() => defineProtocol({ clientMessages })).toThrow(/^stroke: ephemeral is /);
  }
});
