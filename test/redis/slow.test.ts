import { setTimeout as pause } from "node:timers/promises";
import { describe, it } from "vitest";
import type { TestContext } from "vitest";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";
import type { ClusterOptions, RedisServer } from "./support/cluster.ts";
import { publishUntil } from "./support/faults.ts";
import { Hopper } from "./support/hopper.ts";
import { Oracle } from "./support/oracle.ts";
import { Writer } from "./support/writer.ts";

const ROOM = "lobby";

interface Fault {
  readonly title: string;
  readonly run: (redis: RedisServer) => Promise<unknown>;
}

const stopped = (ms: number): Fault => ({
  title: `stopped for ${String(ms / 1_000)} s`,
  run: async (redis) => {
    redis.signal("SIGSTOP");
    await pause(ms);
    redis.signal("SIGCONT");
  },
});

const paused: Fault = {
  title: "paused for 3 s",
  run: async (redis) => {
    await redis.control((client) => client.sendCommand(["CLIENT", "PAUSE", "3000", "ALL"]));
    await pause(3_000);
  },
};

let lastStart: Promise<unknown> = Promise.resolve();

/** Starts one cluster after the other, so that the machine is not busy with all of them at once. */
function startInTurn(options: ClusterOptions): Promise<Cluster> {
  const start = lastStart.then(() => Cluster.start(options));
  lastStart = start.catch(() => undefined);
  return start;
}

/** Pages that stay, pages that write, and notices, while Redis does not answer. */
async function live({ run }: Fault, { onTestFinished }: TestContext, options: ClusterOptions = {}) {
  const limits = { historyMessages: 100_000, historyBytes: 1e8 };
  const cluster = await startInTurn({ limits, ...options });
  onTestFinished(() => cluster.close());
  const oracle = new Oracle(cluster.redis, `room:${ROOM}`);
  const pages = Array.from(
    { length: 8 },
    (_, n) => new Hopper(cluster, { userId: `reader-${String(n)}`, rooms: [ROOM], random: Math.random }),
  );
  const writers = ["w", "wr"].map((name) => new Writer(cluster, name, ROOM));
  onTestFinished(() => writers.forEach((writer) => writer.close()));
  await Promise.all(pages.map((page, n) => page.connect(cluster.node(n))));
  await until("the writers to be connected", () => writers.every(({ isOpen }) => isOpen));
  await until("no user to come any more", async () => {
    const told = presenceOf(pages).length;
    await pause(500);
    return presenceOf(pages).length === told;
  });
  for (const page of pages) {
    page.take();
    page.presence.length = 0;
  }
  let isOver = false;
  const running = Promise.all([
    publishUntil(() => isOver, cluster.node(0), { room: ROOM, everyMs: 20 }),
    ...writers.map((writer) => writer.sendUntil(() => isOver, 150)),
  ]);
  await pause(300);
  await run(cluster.redis);
  // Longer than a lease needs to be renewed, or to be found over.
  await pause(3_000);
  isOver = true;
  await running;
  await until(
    "every send to have a receipt",
    () => writers.every((writer) => writer.of(undefined).length === 0),
    20_000,
  );
  await oracle.reachedBy(pages, 10_000);
  await Promise.all(pages.map((page) => page.leave()));
  return { oracle, pages, writers, presence: presenceOf(pages) };
}

function presenceOf(pages: readonly Hopper[]): unknown[] {
  return pages.flatMap((page) => {
    page.take();
    return page.presence;
  });
}

describe.concurrent("while Redis does not answer", () => {
  for (const fault of [stopped(5_000), stopped(15_000), paused])
    it(`[I6] (${fault.title}) nothing is lost, nothing is doubled, and no user goes offline`, async (context) => {
      const { expect } = context;
      const { oracle, pages, presence, writers } = await live(fault, context);
      expect(pages.flatMap((page) => oracle.faultsOf(page))).toEqual([]);
      expect(pages.flatMap(({ gaps }) => gaps)).toEqual([]);
      expect(presence).toEqual([]);
      const { texts } = oracle;
      expect(new Set(texts).size).toBe(texts.length);
      for (const writer of writers) {
        expect(writer.receipts.size).toBeGreaterThan(15);
        expect(texts.filter((text) => text.startsWith(`${writer.userId}.`))).toEqual(writer.of("delivered"));
        expect([...writer.receipts.values()].filter((status) => status !== "delivered")).toEqual([]);
      }
    });

  it("[I6] users would go offline if the nodes' leases ended with the pause", async (context) => {
    const redisMutation = { from: "if math.abs(passed) > pause then", to: "if false then" };
    const { presence } = await live(stopped(9_000), context, { redisMutation });
    context.expect(presence).not.toEqual([]);
  });
});
