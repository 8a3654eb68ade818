// The end of one of two nodes on one store: its clients move to the other one, and no other client is told of it.
import { expect, it } from "vitest";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";
import type { NodeSocket } from "../support/two-nodes.ts";

const SLOW = { latencyMs: { min: 1, max: 25 }, seed: 5 };

/** Connects users to a node. */
async function crowd(nodes: TwoNodes, node: "a" | "b", count: number): Promise<NodeSocket[]> {
  const sockets = Array.from({ length: count }, (_, n) => nodes.open(nodes[node], `user-${String(n)}`));
  await nodes.run(200);
  for (const socket of sockets)
    socket.say({ type: "hello", clientId: newClientId(), attempt: 1, rooms: [], positions: [] });
  await nodes.run(1_000);
  return sockets;
}

const closed = (sockets: readonly NodeSocket[]): number =>
  sockets.filter(({ closedWith }) => closedWith === 4012).length;

const presenceOf = (socket: NodeSocket) => [...socket.of("user_joined"), ...socket.of("user_left")];

it("a drain closes the connections of a node over 20 s, and a user who comes back on the other node has not left [s-D-drain]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const sockets = await crowd(nodes, "a", 40);
  const watcher = await nodes.connect(nodes.b, "watcher");
  await nodes.run(1_000);
  const before = presenceOf(watcher).length;
  const draining = nodes.a.manager.drain();
  const back = new Set<NodeSocket>();
  const counts: number[] = [];
  for (let second = 0; second < 22; second++) {
    await nodes.run(1_000);
    counts.push(closed(sockets));
    for (const socket of sockets)
      if (socket.closedWith === 4012 && !back.has(socket)) {
        back.add(socket);
        const again = nodes.open(nodes.b, socket.data.userId);
        again.say({ type: "hello", clientId: newClientId(), attempt: 1, rooms: [], positions: [] });
      }
  }
  await draining;
  expect(counts[4]).toBeGreaterThanOrEqual(5);
  expect(counts[4]).toBeLessThanOrEqual(15);
  expect(counts[14]).toBeLessThanOrEqual(35);
  expect(counts.at(-1)).toBe(40);
  await nodes.run(10_000);
  expect(presenceOf(watcher)).toHaveLength(before);
});

it("a node that is alone on its store closes all at once, so that the one that takes its place has every client within seconds [s-D-drain]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const sockets = await crowd(nodes, "a", 40);
  const stopping = nodes.b.manager.close();
  await nodes.run(1_000);
  await stopping;
  const draining = nodes.a.manager.drain();
  await nodes.run(1_000);
  expect(closed(sockets)).toBe(40);
  await draining;
});

it("a drain of a share of the connections closes so many, and the node goes on taking new ones [s-D-drain]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const sockets = await crowd(nodes, "a", 40);
  const draining = nodes.a.manager.drain({ share: 0.25, windowMs: 2_000 });
  await nodes.run(3_000);
  await draining;
  expect(closed(sockets)).toBe(10);
  const late = await nodes.connect(nodes.a, "late");
  expect(late.of("welcome")).toHaveLength(1);
});

it("a node that stops hands its users over: a user who is back within the grace has not left, and the others are gone after it [s-D-stop]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  await crowd(nodes, "a", 4);
  const watcher = await nodes.connect(nodes.b, "watcher");
  const stopping = nodes.a.manager.close();
  await nodes.run(1_000);
  for (const n of [0, 1]) await nodes.connect(nodes.b, `user-${String(n)}`);
  await stopping;
  const left = () =>
    watcher
      .of("user_left")
      .flatMap(({ userIds }) => userIds as string[])
      .toSorted();
  await nodes.run(1_000);
  expect(left()).toEqual([]);
  await nodes.run(6_000);
  expect(left()).toEqual(["user-2", "user-3"]);
});
