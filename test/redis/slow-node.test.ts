import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";
import { Hopper } from "./support/hopper.ts";
import { Oracle } from "./support/oracle.ts";

const ROOM = "lobby";
/** Longer than a lease: the node is given up meanwhile. */
const STOPPED_MS = 8_000;
/** Together more than the buffers of the sockets, of 36 MiB where the system lets them grow, and of Redis hold. */
const FLOOD = 72;
const MIB = 1024 * 1024;

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.start({
    redisArgs: ["--client-output-buffer-limit", "pubsub", "2mb", "1mb", "2"],
  });
});
afterEach(() => cluster.close());

/** How many connections Redis pushes to. */
function subscribers(): Promise<number> {
  return cluster.redis.control(async (client) => {
    const list = await client.clientList({ TYPE: "PUBSUB" });
    return list.length;
  });
}

/** Publishes what no node understands, to all of them. */
async function flood(): Promise<void> {
  const text = "x".repeat(MIB);
  await cluster.redis.control(async (client) => {
    for (let n = 0; n < FLOOD; n++) await client.publish("halyard:nodes", text);
  });
}

describe("a node that is stopped while more flows than Redis keeps for it", () => {
  it("[I8] is cut, and its clients have the order of the log again, without a gap", async () => {
    const [a, b] = [cluster.node(0), cluster.node(1)];
    const oracle = new Oracle(cluster.redis, `room:${ROOM}`);
    const pages = Array.from(
      { length: 10 },
      (_, n) => new Hopper(cluster, { userId: `user-${String(n)}`, rooms: [ROOM], random: Math.random }),
    );
    await Promise.all(pages.map((page, n) => page.connect(n < 5 ? a : b)));
    const publish = (): Promise<unknown> => a.command("notices", { count: 100, room: ROOM });
    await publish();

    const stoppedAt = performance.now();
    expect(await subscribers()).toBe(2);
    b.signal("SIGSTOP");
    await publish();
    await flood();
    await publish();
    await until("Redis to cut the node", async () => (await subscribers()) === 1, STOPPED_MS);
    await pause(Math.max(0, STOPPED_MS - (performance.now() - stoppedAt)));
    await publish();
    b.signal("SIGCONT");
    await until("the node to listen again", async () => (await subscribers()) === 2, 10_000);
    await publish();

    await oracle.reachedBy(pages, 15_000);
    await Promise.all(pages.map((page) => page.leave()));
    expect(oracle.size).toBe(500);
    expect(pages.flatMap((page) => oracle.faultsOf(page))).toEqual([]);
    expect(pages.flatMap(({ gaps }) => gaps)).toEqual([]);
    const { lastError } = await a.command<{ readonly lastError?: string }>("backplaneHealth");
    expect(lastError).toMatch(/^\d+ messages of other nodes were not understood$/);
  });
});
