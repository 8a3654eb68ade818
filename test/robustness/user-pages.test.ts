// What a user may request of the lists of users: a page has up to 200 of them, some 240 KB where their names and states are long.
import { expect, it, onTestFinished } from "vitest";
import { MemoryNode } from "../support/memory-node.ts";
import type { MemorySocket } from "../support/memory-node.ts";

it("pages of users are given at the rate of joins, for a connection and for its user", async () => {
  const node = new MemoryNode({ builtIns: {} });
  onTestFinished(() => node.manager.close());
  const connections = [];
  for (let n = 0; n < 6; n++) connections.push((await node.connect("ada")).socket);
  let asked = 0;
  const pages = async (sockets: readonly MemorySocket[], count: number): Promise<unknown[]> => {
    for (const socket of sockets) socket.take();
    for (const socket of sockets)
      for (let n = 0; n < count; n++)
        node.manager.handleMessage(
          socket,
          JSON.stringify({ type: "request", name: "users", $: { id: String(++asked) } }),
        );
    await node.clock.advance(0);
    return sockets.flatMap((socket) => socket.take()).map(({ type, code }) => code ?? type);
  };
  const count = (answers: readonly unknown[], answer: string) =>
    answers.filter((each) => each === answer).length;

  const [first = node.begin("ada"), ...others] = connections;
  const own = await pages([first], 31);
  expect([count(own, "reply"), count(own, "rate_limited")]).toEqual([30, 1]);
  const ofUser = await pages(others, 20);
  expect([count(ofUser, "reply"), count(ofUser, "rate_limited")]).toEqual([90, 10]);
  await node.clock.advance(1_000);
  const later = await pages([first], 20);
  expect([count(later, "reply"), count(later, "rate_limited")]).toEqual([10, 10]);
});

it("pages of users above that rate count like all that is refused: the fiftieth in ten seconds ends the connection with 4029", async () => {
  const node = new MemoryNode({ builtIns: {} });
  onTestFinished(() => node.manager.close());
  const { socket } = await node.connect("ada");
  const ask = async (first: number, last: number): Promise<void> => {
    for (let n = first; n <= last; n++)
      node.manager.handleMessage(
        socket,
        JSON.stringify({ type: "request", name: "users", $: { id: String(n) } }),
      );
    await node.clock.advance(0);
  };
  await ask(1, 79);
  expect(socket.closed).toBeUndefined();
  await ask(80, 80);
  expect(socket.closed).toEqual([4029, "retryAfterMs=5000"]);
});
