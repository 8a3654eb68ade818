import { createRandom } from "@halyard/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Cluster } from "./support/cluster.ts";
import { cutConnections, publishUntil, repeatUntil, seedOfRun } from "./support/faults.ts";
import { Hopper } from "./support/hopper.ts";
import { Oracle } from "./support/oracle.ts";

const PAGES = 30;
const RUN_MS = 6_000;
const ROOM = "lobby";

let cluster: Cluster;
beforeEach(async () => {
  const limits = { historyMessages: 100_000, historyBytes: 1e8 };
  cluster = await Cluster.start({ runtimes: ["node", "node", "bun"], limits });
});
afterEach(() => cluster.close());

describe("while the connections of the nodes to Redis are cut each second or two", () => {
  it("[I1] a client that hops between nodes sees each message in the order of the log, and no gap", async () => {
    const random = createRandom(seedOfRun("[I1]"));
    const endsAt = performance.now() + RUN_MS;
    const isOver = () => performance.now() > endsAt;
    const oracle = new Oracle(cluster.redis, `room:${ROOM}`);
    const pages = Array.from(
      { length: PAGES },
      (_, n) => new Hopper(cluster, { userId: `user-${String(n % 20)}`, rooms: [ROOM], random }),
    );
    const everyMs = () => 1_000 + random() * 1_000;
    const [, published, ...cuts] = await Promise.all([
      Promise.all(pages.map((page) => page.hop(isOver, { hereMs: 600, awayMs: 200 }))),
      Promise.all([0, 1].map((n) => publishUntil(isOver, cluster.node(n), { room: ROOM, everyMs: 3 }))),
      repeatUntil(isOver, everyMs, () => cutConnections(cluster.redis, "pubsub")),
      repeatUntil(isOver, everyMs, () => cutConnections(cluster.redis, "normal")),
    ]);
    await Promise.all(pages.map((page, n) => page.connect(cluster.node(n))));
    await oracle.reachedBy(pages);
    await Promise.all(pages.map((page) => page.leave()));

    expect(pages.flatMap((page) => oracle.faultsOf(page))).toEqual([]);
    expect(pages.flatMap(({ gaps }) => gaps)).toEqual([]);
    // Something has happened.
    const messages = published.reduce((sum, count) => sum + count, 0);
    expect(oracle.size).toBeGreaterThan(0.5 * messages);
    expect(oracle.size).toBeLessThanOrEqual(messages);
    expect(Math.min(...pages.map(({ resumes }) => resumes))).toBeGreaterThan(0);
    expect(Math.min(...cuts)).toBeGreaterThan(0);
    process.stdout.write(
      `[I1]: ${String(oracle.size)} messages, ${String(pages.reduce((sum, { resumes }) => sum + resumes, 0))} resumes, ${cuts.join(" + ")} cuts\n`,
    );
  });
});
