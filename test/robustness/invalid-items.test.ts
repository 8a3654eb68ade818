// What a message costs its sender that a schema has much to say about.
import { defineProtocol, message, request } from "@halyard/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { MemoryNode } from "../support/memory-node.ts";

const items = z.array(z.int());
const protocol = defineProtocol({
  clientMessages: { many: message(z.object({ items }), { relay: "room" }) },
  requests: { sum: request({ input: z.object({ items }), output: z.int() }) },
});
const WRONG = Array.from({ length: 20_000 }, () => "");

describe.each([
  ["a send", (n: number, wrong: unknown) => ({ type: "many", items: wrong, $: { seq: n } })],
  [
    "a request",
    (n: number, wrong: unknown) => ({
      type: "request",
      name: "sum",
      input: { items: wrong },
      $: { id: String(n) },
    }),
  ],
] as const)("%s", (_, frame) => {
  it("with thousands of wrong items is paid for by the rates of its sender, over all connections of the user [s-A5]", async () => {
    const node = new MemoryNode({ protocol });
    onTestFinished(() => node.manager.close());
    node.handlers.onRequest("sum" as never, () => 1);
    const connections = [(await node.connect("ada")).socket, (await node.connect("ada")).socket];
    const { socket: other } = await node.connect("bob");
    for (let n = 1; n <= 8; n++)
      for (const socket of connections) node.manager.handleMessage(socket, JSON.stringify(frame(n, WRONG)));
    node.manager.handleMessage(other, JSON.stringify(frame(1, [1])));
    await node.clock.advance(1_000);
    const looked = connections
      .flatMap((socket) => socket.take())
      .filter(({ code }) => code === "invalid_message");
    // The first ones leave a debt of a burst: seconds for the user. Without it all sixteen are looked at within a second.
    expect(looked.length).toBeGreaterThan(0);
    expect(looked.length).toBeLessThanOrEqual(2);
    expect(other.take()).toHaveLength(1);
  });
});

it("requests whose input does not fit its schema are answered, and do not end the connection as invalid messages do", async () => {
  const node = new MemoryNode({ protocol });
  onTestFinished(() => node.manager.close());
  node.handlers.onRequest("sum" as never, () => 1);
  const { socket } = await node.connect("ada");
  const say = async (frame: object): Promise<void> => {
    node.manager.handleMessage(socket, JSON.stringify(frame));
    await node.clock.advance(0);
  };
  for (let n = 1; n <= 20; n++)
    await say({ type: "request", name: "sum", input: { items: 1 }, $: { id: String(n) } });
  expect(socket.take().map(({ code }) => code)).toEqual(Array(20).fill("invalid_message"));
  expect(socket.closed).toBeUndefined();
  for (let seq = 1; seq <= 10; seq++) await say({ type: "many", items: 1, $: { seq } });
  expect(socket.closed).toEqual([4400, "too many invalid messages"]);
});
