// What a message costs its sender that a schema has much to say about.
import { defineProtocol, message, request } from "@halyard/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { MemoryNode } from "../support/memory-node.ts";

const items = z.array(z.int());
const option = (n: number) => z.object({ kind: z.literal(n), text: z.string(), at: z.int() });
const unions = z.array(z.union([option(1), option(2), option(3), option(4)]));
const texts = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`text${String(n)}`, z.string()]));
const protocol = defineProtocol({
  clientMessages: {
    many: message(z.object({ items }), { relay: "room" }),
    options: message(z.object({ items: unions }), { relay: "room" }),
    objects: message(z.object({ items: z.array(z.object(texts)) }), { relay: "room" }),
  },
  requests: {
    sum: request({ input: z.object({ items }), output: z.int() }),
    sum_options: request({ input: z.object({ items: unions }), output: z.int() }),
  },
});
const WRONG = Array.from({ length: 20_000 }, () => "");

/** Twelve issues each, within one. */
const UNMATCHED = Array.from({ length: 1_500 }, () => ({}));

const send = (type: string) => (n: number, wrong: unknown) => ({ type, items: wrong, $: { seq: n } });
const ask = (name: string) => (n: number, wrong: unknown) => ({
  type: "request",
  name,
  input: { items: wrong },
  $: { id: String(n) },
});

describe.each([
  ["a send", send("many"), WRONG],
  ["a request", ask("sum"), WRONG],
  ["a send of unions", send("options"), UNMATCHED],
  ["a send of objects with many fields", send("objects"), UNMATCHED],
  ["a request with unions", ask("sum_options"), UNMATCHED],
] as const)("%s", (_, frame, wrongItems) => {
  it("with thousands of wrong items is paid for by the rates of its sender, over all connections of the user [s-A5]", async () => {
    const node = new MemoryNode({ protocol });
    onTestFinished(() => node.manager.close());
    for (const name of ["sum", "sum_options"]) node.handlers.onRequest(name as never, () => 1);
    const connections = [(await node.connect("ada")).socket, (await node.connect("ada")).socket];
    const { socket: other } = await node.connect("bob");
    for (let n = 1; n <= 8; n++)
      for (const socket of connections)
        node.manager.handleMessage(socket, JSON.stringify(frame(n, wrongItems)));
    node.manager.handleMessage(other, JSON.stringify(frame(1, [])));
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
