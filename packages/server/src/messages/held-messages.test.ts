// Messages that wait are kept as text: parsed, one of 64 KB may take 1.8 MB, on Bun 55 MB.
import { defineProtocol, message, request } from "@halyard/protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { TestSystem } from "../../test/test-system.ts";

const protocol = defineProtocol({
  clientMessages: {
    vote: message(z.object({ option: z.int() })),
    cursor: message(z.object({ option: z.int() }), { ephemeral: true }),
  },
  requests: { load: request({ input: z.object({ option: z.int() }), output: z.void() }) },
});

let system: TestSystem<typeof protocol>;
let handled: number[];
/** How often the frame of each option was parsed. */
let parses: Map<number, number>;

async function open(): Promise<ReturnType<typeof system.join>> {
  handled = [];
  parses = new Map();
  system = new TestSystem({ protocol, builtIns: { presence: false }, limits: { runningRequests: 1 } });
  const slow = async (option: number): Promise<void> => {
    await new Promise<void>((resolve) => system.clock.setTimeout(resolve, 10));
    handled.push(option);
  };
  system.handlers
    .on("vote", ({ option }) => slow(option))
    .on("cursor", ({ option }) => void handled.push(option))
    .onRequest("load", ({ option }) => slow(option));
  const ws = await system.join("ada");
  const { parse } = JSON;
  vi.spyOn(JSON, "parse").mockImplementation((text: string, ...rest) => {
    const [, option] = /"option":(\d)/.exec(text) ?? [];
    if (option !== undefined) parses.set(Number(option), (parses.get(Number(option)) ?? 0) + 1);
    return parse(text, ...rest) as unknown;
  });
  return ws;
}

afterEach(async () => {
  vi.restoreAllMocks();
  await system.expectToEndCleanly();
});

describe("a message is kept parsed only while nothing comes before it", () => {
  it.each<[kind: string, frame: (option: number) => object]>([
    ["a send", (option) => ({ type: "vote", option, $: { seq: option } })],
    ["an ephemeral message", (option) => ({ type: "cursor", option })],
    [
      "a request",
      (option) => ({ type: "request", name: "load", input: { option }, $: { id: String(option) } }),
    ],
  ])("%s", async (_, frame) => {
    const ws = await open();
    await system.say(ws, frame(1));
    await system.say(ws, frame(2));
    await system.clock.advance(100);
    expect(handled).toEqual([1, 2]);
    expect(Object.fromEntries(parses)).toEqual({ 1: 1, 2: 2 });
  });

  it("a send that waits for its rate", async () => {
    const ws = await open();
    for (let seq = 1; seq <= 100; seq++) await system.say(ws, { type: "skip", $: { seq } });
    await system.say(ws, { type: "vote", option: 3, $: { seq: 101 } });
    await system.clock.advance(1_000);
    expect(handled).toEqual([3]);
    expect(parses.get(3)).toBe(2);
  });
});
