import { createRandom } from "@halyard/testing";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { Cluster } from "./support/cluster.ts";
import type { ClusterOptions } from "./support/cluster.ts";
import { publishUntil, seedOfRun } from "./support/faults.ts";
import { Hopper } from "./support/hopper.ts";
import { Oracle } from "./support/oracle.ts";

const ROOM = "lobby";
const LIMITS = { historyMessages: 100_000, historyBytes: 1e8 };
/** Longer than what was lost takes to be published again: the new offsets would pass those of the clients that are away. */
const AWAY_MS = 4_000;

async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.start({ limits: LIMITS, ...options });
  onTestFinished(() => cluster.close());
  return cluster;
}

describe("a Redis that comes back with nothing", () => {
  for (const loss of ["kill -9", "FLUSHALL"])
    it(`[I3] is noticed after ${loss}: every client is told once`, async () => {
      const cluster = await startCluster();
      const oracle = new Oracle(cluster.redis, `room:${ROOM}`);
      const pages = Array.from(
        { length: 8 },
        (_, n) => new Hopper(cluster, { userId: `user-${String(n)}`, rooms: [ROOM], random: Math.random }),
      );
      const publish = async (): Promise<unknown> =>
        cluster.node(0).command("notices", { count: 3, room: ROOM, everyMs: 1 });
      await oracle.watch();
      await Promise.all(pages.map((page, n) => page.connect(cluster.node(n))));
      await publish();
      await oracle.reachedBy(pages, 10_000);
      const away = pages.slice(4);
      await Promise.all(away.map((page) => page.leave()));

      if (loss === "FLUSHALL") await cluster.redis.control((client) => client.flushAll());
      else {
        await cluster.redis.kill();
        await cluster.redis.start();
        await oracle.watch();
      }
      await publish();
      await Promise.all(away.map((page, n) => page.connect(cluster.node(n))));
      await publish();
      await oracle.reachedBy(pages, 10_000);
      // The nodes have noticed it in every way that they have.
      await pause(2_500);
      await publish();
      await oracle.reachedBy(pages, 10_000);
      await Promise.all(pages.map((page) => page.leave()));

      expect(pages.flatMap((page) => oracle.faultsOf(page))).toEqual([]);
      for (const { gaps } of pages)
        expect(gaps.filter(({ ch }) => ch === oracle.ch)).toEqual([{ ch: oracle.ch, reason: "lost" }]);
    });
});

/** @returns what clients were not told of a Redis that has gone back to what it had saved */
async function goBack(
  cluster: Cluster,
  random: () => number,
): Promise<{ faults: string[]; gaps: number; lost: number }> {
  const oracle = new Oracle(cluster.redis, `room:${ROOM}`);
  const pages = Array.from(
    { length: 24 },
    (_, n) => new Hopper(cluster, { userId: `user-${String(n % 20)}`, rooms: [ROOM], random }),
  );
  let isOver = false;
  const running = Promise.all([
    ...pages.map((page, n) => page.hop(() => isOver, { hereMs: 600, awayMs: n % 2 === 0 ? AWAY_MS : 300 })),
    ...[0, 1].map((n) => publishUntil(() => isOver, cluster.node(n), { room: ROOM, everyMs: 2 })),
  ]);
  await oracle.watch();
  await pause(1_000);
  await cluster.redis.control((client) => client.sendCommand(["SAVE"]));
  await pause(800);
  await cluster.redis.kill();
  await cluster.redis.start();
  await oracle.watch();
  await pause(AWAY_MS);
  isOver = true;
  await running;
  await Promise.all(pages.map((page, n) => page.connect(cluster.node(n))));
  await oracle.reachedBy(pages, 10_000);
  await Promise.all(pages.map((page) => page.leave()));
  const gaps = pages.flatMap((page) => page.gaps).filter(({ ch }) => ch === oracle.ch).length;
  return { faults: pages.flatMap((page) => oracle.faultsOf(page)), gaps, lost: oracle.lost };
}

describe("a Redis that comes back with an older state", () => {
  it("[I4] is never unnoticed: each client that has seen or missed what is lost is told", async () => {
    const random = createRandom(seedOfRun("[I4]"));
    const { faults, gaps, lost } = await goBack(await startCluster(), random);
    expect(faults).toEqual([]);
    expect(lost).toBeGreaterThan(5);
    expect(gaps).toBeGreaterThan(0);
  });
});
