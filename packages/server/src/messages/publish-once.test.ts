import { defineProtocol, message } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { z } from "zod";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";
import type { Backplane, PublishedWork, Work } from "../backplane.ts";
import { ChatMessageHandler } from "../handlers.ts";

const protocol = defineProtocol({
  clientMessages: {
    note: message(z.object({ text: z.string() }), { relay: "all" }),
    cursor: message(z.object({ x: z.number() }), { relay: "all", ephemeral: true }),
  },
});

/** A backplane in memory that has all three calls in one step. */
class OneStep {
  /** The texts that were published in one step. */
  readonly stored: string[] = [];
  /** What the next calls do instead. */
  readonly failures: (() => Promise<undefined>)[] = [];
  readonly backplane: Backplane;

  constructor(clock: FakeClock) {
    const memory = createMemoryBackplane({ clock });
    const publishOnce = async (work: Work, publication: PublishedWork): Promise<string | undefined> => {
      const failure = this.failures.shift();
      if (failure !== undefined) return failure();
      if ((await memory.begin(work)).state !== "run") return undefined;
      const { channel, data, history, result } = publication;
      this.stored.push(data);
      const { position } = await memory.publish(channel, data, { history });
      const text = `${result[0]}${String(position?.off)}${result[1]}`;
      await memory.settle(work, text);
      return text;
    };
    this.backplane = Object.assign(memory, { publishOnce });
  }
}

describe("a send whose whole effect is one stored message", () => {
  let system: TestSystem;
  let steps: OneStep;
  const create = (config: TestConfig = {}): TestSystem => {
    const clock = new FakeClock();
    steps = new OneStep(clock);
    return (system = new TestSystem({ clock, protocol, backplane: steps.backplane, ...config }));
  };
  beforeEach(() => void create());
  afterEach(() => system.expectToEndCleanly());

  const chat = { type: "chat_message", content: "hello" };

  it("is one call to a backplane that has one for it, and gets the same reply", async () => {
    const plain = new TestSystem({ protocol });
    const replies = [];
    for (const each of [plain, system]) {
      const ws = await each.join("ada");
      for (const [index, send] of [chat, { type: "note", text: "n" }].entries())
        await each.say(ws, { ...send, $: { seq: index + 1 } });
      const [own] = ws.received("chat_message");
      const results = ws.received("reply").map(({ result }) => ({ ...(result as object), id: undefined }));
      replies.push(results);
      expect(ws.received("reply")[0]).toMatchObject({ result: { id: own?.["id"], ch: "all", off: 1 } });
    }
    expect(replies[1]).toEqual(replies[0]);
    expect(steps.stored.map((text) => text.includes('"type":"note"'))).toEqual([false, true]);
    await plain.expectToEndCleanly();
  });

  it("leaves out its client where a chat message is not echoed", async () => {
    create({ echoToSender: false });
    const [ws, other] = [await system.join("ada"), await system.open("bob")];
    ws.take();
    await system.say(ws, { ...chat, $: { seq: 1 } });
    expect(ws.received("chat_message")).toEqual([]);
    expect(other.received("chat_message")).toHaveLength(1);
    expect(steps.stored).toHaveLength(1);
  });

  it("is none where the application has a part in it, and where nothing is stored", async () => {
    class Own extends ChatMessageHandler {}
    for (const config of [
      { chat: { beforePublish: () => undefined } },
      { authorize: () => false },
    ] satisfies TestConfig[]) {
      create(config);
      const ws = await system.join("ada");
      await system.say(ws, { ...chat, $: { seq: 1 } });
      expect(steps.stored).toEqual([]);
      expect(ws.received().filter(({ $ }) => $?.re === 1)).toHaveLength(1);
      await system.expectToEndCleanly();
    }
    create();
    system.handlers.register(new Own(system.manager));
    system.handlers.on("note" as never, () => undefined as never);
    const ws = await system.join("ada");
    for (const [index, send] of [chat, { type: "note", text: "n" }].entries())
      await system.say(ws, { ...send, $: { seq: index + 1 } });
    await system.say(ws, { type: "cursor", x: 1 });
    expect(steps.stored).toEqual([]);
    expect(ws.received("reply")).toHaveLength(2);
  });

  it("gets the answer that is known where its reply was lost, and is stored once", async () => {
    const ws = await system.join("ada");
    const unavailable = (): Promise<undefined> => Promise.reject(new HalyardError("unavailable"));
    steps.failures.push(unavailable);
    await system.say(ws, { ...chat, $: { seq: 1 } });
    await system.clock.advance(5_000);
    expect(ws.received("reply")).toMatchObject([{ $: { re: 1 }, result: { off: 1 } }]);
    expect(ws.received("chat_message")).toHaveLength(1);
    await system.say(ws, { ...chat, $: { seq: 1 } });
    expect(ws.received("reply")).toMatchObject([{ result: { off: 1 } }, { result: { off: 1 } }]);
    expect(ws.received("chat_message")).toHaveLength(1);
  });
});
