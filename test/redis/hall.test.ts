import { afterEach, beforeEach, expect, it } from "vitest";
import { userIdsOf } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";

const SIZES = [100, 1_000, 10_000];
const JOINS = 30;
const PAGE = 200;
const HALL = "hall";

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.start({ runtimes: ["node", "node", "node"], limits: { leaveGraceMs: 5_000 } });
});
afterEach(() => cluster.close());

interface Cost {
  readonly size: number;
  /** Bytes of a client from its upgrade until it is in the hall and has its list, on average. */
  readonly joinerBytes: number;
  /** How many users the list named. */
  readonly listed: number;
  /** Bytes of a client that is in the hall already, for each join. */
  readonly bystanderBytes: number;
  /** CPU time of all nodes for each join, ms. */
  readonly cpuMs: number;
}

it("[I16] a join in a hall of 100, 1,000 and 10,000 over three nodes costs the same, and at most one page", async () => {
  const bystanders = await Promise.all(
    cluster.nodes.map((node, n) => cluster.connect(node, `by-${String(n)}`)),
  );
  await Promise.all(bystanders.map((client) => client.join(HALL)));
  const costs: Cost[] = [];
  let size = 0;
  for (const next of SIZES) {
    await fill(size, next);
    size = next;
    const bytes = () => bystanders.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
    const [cpuBefore, bytesBefore] = [await cpuMs(), bytes()];
    const joins: { readonly bytes: number; readonly listed: number }[] = [];
    for (let n = 0; n < JOINS; n++)
      joins.push(await join(n, `joiner-${String(size)}-${String(n).padStart(2, "0")}`));
    await Promise.all(bystanders.map((client) => client.sync()));
    costs.push({
      size,
      joinerBytes: joins.reduce((sum, each) => sum + each.bytes, 0) / JOINS,
      listed: Math.max(...joins.map(({ listed }) => listed)),
      bystanderBytes: (bytes() - bytesBefore) / bystanders.length / JOINS,
      cpuMs: ((await cpuMs()) - cpuBefore) / JOINS,
    });
  }
  for (const { size: users, joinerBytes, listed, bystanderBytes, cpuMs: cpu } of costs)
    process.stdout.write(
      `[I16]: hall of ${String(users)}: ${joinerBytes.toFixed(0)} B for the joiner (${String(listed)} listed), ${bystanderBytes.toFixed(0)} B for each other client, ${cpu.toFixed(1)} ms CPU of nodes\n`,
    );
  const [small, middle, large] = costs as [Cost, Cost, Cost];
  for (const { listed } of costs) expect(listed).toBeLessThanOrEqual(PAGE);
  expect(large.joinerBytes / middle.joinerBytes).toBeLessThan(1.05);
  // A small hall has fewer users than a page, and each of them costs the same.
  expect(middle.joinerBytes / middle.listed / (small.joinerBytes / small.listed)).toBeLessThan(1.05);
  expect(large.bystanderBytes).toBeLessThan(1.05 * small.bystanderBytes);
  expect(middle.bystanderBytes).toBeLessThan(1.05 * small.bystanderBytes);
}, 120_000);

/** Brings the hall from one size to the next, with as many users on each node. */
async function fill(size: number, next: number): Promise<void> {
  const part = Math.ceil((next - size) / cluster.nodes.length);
  await Promise.all(
    cluster.nodes.map(async (node, n) => {
      const first = size + n * part;
      const crowd = { count: Math.min(part, next - first), prefix: "user-", first };
      await node.command("crowd", crowd);
      await node.command("crowd", { ...crowd, room: HALL });
    }),
  );
  const total = async () => {
    const list = await cluster.node(0).command<{ readonly total: number }>("listUsers", { room: HALL });
    return list.total >= next;
  };
  await until("the hall to be full", total);
}

async function join(n: number, userId: string): Promise<{ bytes: number; listed: number }> {
  const client = await cluster.connect(cluster.node(n), userId);
  const isList = (room?: string) => (frame: Frame) => frame.type === "user_list" && frame["room"] === room;
  await client.seen(isList());
  await client.join(HALL);
  const list = await client.seen(isList(HALL));
  const bytes = client.bytesReceived;
  await client.close();
  return { bytes, listed: userIdsOf(list).length };
}

async function cpuMs(): Promise<number> {
  const usages = await Promise.all(cluster.nodes.map((node) => node.command<{ cpuMs: number }>("usage")));
  return usages.reduce((sum, usage) => sum + usage.cpuMs, 0);
}
