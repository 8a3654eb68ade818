// A client that sends far more ephemeral messages than its rate.
import { defineProtocol, message } from "@halyard/protocol";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { MemoryNode } from "../support/memory-node.ts";
import type { MemorySocket } from "../support/memory-node.ts";

const protocol = defineProtocol({
  clientMessages: { cursor: message(z.object({ n: z.int() }), { ephemeral: true, relay: "room" }) },
});
/** Far above five times the rate of 50 messages a second: the burst of 100 is not counted. */
const FLOOD = 400;

async function open(): Promise<{ readonly node: MemoryNode; readonly ada: MemorySocket }> {
  const node = new MemoryNode({ protocol });
  onTestFinished(() => node.manager.close());
  const { socket } = await node.connect("ada", {}, ["board"]);
  return { node, ada: socket };
}

async function sendASecondLong(
  { node, ada }: Awaited<ReturnType<typeof open>>,
  count: number,
): Promise<void> {
  for (let n = 0; n < count; n++)
    node.manager.handleMessage(ada, JSON.stringify({ type: "cursor", n, $: { ch: "room:board" } }));
  await node.clock.advance(1_000);
}

it("a connection that sends five times its rate for ten seconds is closed with 4029 and a time to wait [s-A6]", async () => {
  const { node, ada } = await open();
  for (let second = 0; second < 10; second++) {
    await sendASecondLong({ node, ada }, FLOOD);
    expect(ada.closed).toBeUndefined();
  }
  await sendASecondLong({ node, ada }, FLOOD);
  expect(ada.closed).toEqual([4029, "retryAfterMs=5000"]);
});

it("a flood that pauses for a second is not closed", async () => {
  const { node, ada } = await open();
  for (let second = 0; second < 25; second++)
    await sendASecondLong({ node, ada }, second % 9 === 8 ? 1 : FLOOD);
  expect(ada.closed).toBeUndefined();
});

it("what is over the rate is not parsed: it is dropped without an error, and counted [s-A6]", async () => {
  const { node, ada } = await open();
  let parsed = 0;
  const { parse } = JSON;
  JSON.parse = (...input: Parameters<typeof parse>) => {
    parsed++;
    return parse(...input) as unknown;
  };
  try {
    await sendASecondLong({ node, ada }, 5_000);
  } finally {
    JSON.parse = parse;
  }
  // The burst, and what the second itself grants.
  expect(parsed).toBeLessThan(200);
  expect(node.manager.getMetrics().thinned).toBeGreaterThan(4_800);
  expect(ada.take().filter(({ type }) => type === "error")).toEqual([]);
});

it("a send amid a flood waits for its rate and is answered, whatever its text looks like", async () => {
  const { node, ada } = await open();
  const sends = [
    JSON.stringify({ type: "chat_message", content: '{"type":"cursor"}', $: { seq: 1 } }),
    '{"type":"chat_message","content":"escaped","\\u0024":{"seq":2}}',
    '{"type":"cursor","n":1,"$":{"ch":"room:board","\\u0073eq":3}}',
  ];
  await sendASecondLong({ node, ada }, FLOOD);
  for (const text of sends) {
    for (let n = 0; n < FLOOD; n++) node.manager.handleMessage(ada, JSON.stringify({ type: "cursor", n }));
    node.manager.handleMessage(ada, text);
  }
  await node.clock.advance(30_000);
  expect(ada.take().filter(({ type }) => type === "reply")).toMatchObject([
    { $: { re: 1 } },
    { $: { re: 2 } },
    { $: { re: 3 } },
  ]);
});
