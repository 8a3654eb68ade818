import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";
import type { V1Client } from "../support/v1-client.ts";

const CLIENTS = 20;
const ROOMS_EACH = 500;
const AT_ONCE = 50;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start({ limits: { rooms: ROOMS_EACH } });
});
afterAll(() => cluster.close());

/** The names in Redis that stay until a command removes them, and the channels that nodes follow. */
async function namesInRedis(): Promise<{ readonly keys: string[]; readonly channels: number }> {
  return cluster.redis.control(async (client) => {
    const keys = await client.keys("*");
    const ttls = await Promise.all(keys.map((key) => client.pTTL(key)));
    const channels = await client.pubSubChannels("*");
    // An epoch is made when its partition is read for the first time.
    const isKept = (key: string, index: number): boolean => ttls[index] === -1 && !key.endsWith(":epoch");
    return { keys: keys.filter(isKept).sort(), channels: channels.length };
  });
}

/** Asks for a few rooms at once, and for the next when those are answered. */
async function inTurn(client: V1Client, rooms: readonly string[], type: "join" | "leave"): Promise<void> {
  const answered = (): number => client.frames.filter(({ $ }) => $?.re?.toString().startsWith(type)).length;
  for (let first = 0; first < rooms.length; first += AT_ONCE) {
    const some = rooms.slice(first, first + AT_ONCE);
    for (const room of some) client.send({ type, room, $: { id: `${type} ${room}` } });
    await until(`each ${type} to be answered`, () => answered() >= first + some.length, 20_000);
  }
  expect(client.all("error")).toEqual([]);
}

function memory(): Promise<number[]> {
  return Promise.all(
    cluster.nodes.map(async (node) => (await node.command<{ readonly heap: number }>("memory")).heap),
  );
}

it("[I20] 10,000 rooms that were joined and left leave nothing behind, in Redis and in the nodes", async () => {
  const visitors = await Promise.all(
    Array.from({ length: CLIENTS }, (_, n) => cluster.connect(cluster.node(n), `user-${String(n)}`)),
  );
  await until("the first beat", async () => (await namesInRedis()).keys.includes("halyard:beat"), 10_000);
  const before = { ...(await namesInRedis()), heaps: await memory() };
  const rooms = (n: number): string[] =>
    Array.from({ length: ROOMS_EACH }, (_, index) => `room-${String(n)}-${String(index)}`);
  await Promise.all(visitors.map((client, n) => inTurn(client, rooms(n), "join")));
  const joined = await namesInRedis();
  expect(joined.channels).toBe(before.channels + CLIENTS * ROOMS_EACH);
  await Promise.all(visitors.map((client, n) => inTurn(client, rooms(n), "leave")));

  await until(
    "the channels to be given up",
    async () => (await namesInRedis()).channels === before.channels,
    30_000,
  );
  expect((await namesInRedis()).keys).toEqual(before.keys);
  const heaps = await memory();
  for (const [n, heap] of heaps.entries()) expect(heap - (before.heaps[n] ?? 0)).toBeLessThan(8e6);
});

it("[trap 2] no channel of sharded pub/sub is used, so that Redis never ends a subscription by itself", async () => {
  const info = await cluster.redis.control((client) => client.info("commandstats"));
  expect(info).toContain("cmdstat_subscribe");
  expect(info).not.toMatch(/cmdstat_s(un)?subscribe|cmdstat_spublish/);
});
