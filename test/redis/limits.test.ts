import { createRandom } from "@halyard/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UpgradeRejected } from "../support/raw-client.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";
import { seedOfRun } from "./support/faults.ts";

const LIMIT = 3;
const ROUNDS = 200;
/** Under way at once, each of another user. */
const AT_ONCE = 4;
const ATTEMPTS = 8;
const EVICTED = 4410;

let cluster: Cluster;
const four = ["node", "node", "node", "node"] as const;

/** Opens a connection. @returns undefined for one that the limit has refused with 429 */
async function open(node: number, userId: string, page = new Page()): Promise<V1Client | undefined> {
  try {
    return await cluster.connect(cluster.node(node), userId, page);
  } catch (error) {
    if (error instanceof UpgradeRejected && error.status === 429) return undefined;
    throw error;
  }
}

/** Before a node has reached Redis, it may take connections that the other nodes do not count. */
async function whenUp(): Promise<void> {
  for (const node of cluster.nodes)
    await until("the node to reach Redis", async () => {
      const health = await node.command<{ readonly state: string }>("backplaneHealth");
      return health.state === "up";
    });
}

function isThere(client: V1Client | undefined): client is V1Client {
  return client !== undefined;
}

describe("the limit of a user's connections on four nodes", () => {
  beforeAll(async () => {
    cluster = await Cluster.start({ runtimes: four, maxConnectionsPerUser: LIMIT });
    await whenUp();
  });
  afterAll(() => cluster.close());

  it("is never exceeded when eight connect at once, in 200 rounds [I12]", async () => {
    const random = createRandom(seedOfRun("[I12]"));
    const opened: number[] = [];
    let rounds = 0;
    const worker = async (): Promise<void> => {
      while (rounds < ROUNDS) {
        const userId = `user-${String(++rounds)}`;
        const nodes = Array.from({ length: ATTEMPTS }, () => Math.floor(random() * 4));
        const clients = (await Promise.all(nodes.map((node) => open(node, userId)))).filter(isThere);
        opened.push(clients.length);
        await Promise.all(clients.map((client) => client.close()));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(opened).toHaveLength(ROUNDS);
    expect(opened.filter((count) => count !== LIMIT)).toEqual([]);
  });

  it("holds again after the store was emptied [I12]", async () => {
    await Promise.all([open(0, "bea"), open(1, "bea"), open(1, "bea")]);
    await cluster.redis.control((client) => client.flushAll());
    const slots = () => cluster.redis.control((client) => client.hLen("halyard:slots:bea"));
    await until("the slots to be declared again", async () => (await slots()) === LIMIT, 10_000);
    expect(await open(0, "bea")).toBeUndefined();
  });

  it("frees the slots of connections that close at once, and those of a node that is killed [I12]", async () => {
    const page = new Page();
    const [first] = await Promise.all([open(0, "ada"), open(1, "ada", page), open(1, "ada")]);
    expect(await open(2, "ada")).toBeUndefined();
    await first?.close();
    await until("a free slot", async () => (await open(3, "ada")) ?? false);
    expect(await open(0, "ada")).toBeUndefined();
    await cluster.node(1).kill();
    // A client that comes back replaces its own connection, whose slot is still counted.
    expect(await open(0, "ada", page)).toBeDefined();
    expect(await open(0, "ada")).toBeUndefined();
    await until("the other slot of the killed node", async () => (await open(2, "ada")) ?? false, 12_000);
    expect(await open(3, "ada")).toBeUndefined();
  });
});

describe("the limit of a user's connections under close-oldest", () => {
  beforeAll(async () => {
    const onConnectionLimit = "close-oldest";
    cluster = await Cluster.start({ runtimes: four, maxConnectionsPerUser: LIMIT, onConnectionLimit });
    await whenUp();
  });
  afterAll(() => cluster.close());

  it("closes the oldest connection, on its node [I12]", async () => {
    const clients: V1Client[] = [];
    for (let n = 0; n < 12; n++) {
      const client = await cluster.connect(cluster.node(n), "ada");
      clients.push(client);
      const evicted = clients[n - LIMIT];
      if (evicted !== undefined) expect((await evicted.end()).code).toBe(EVICTED);
      expect(clients.filter(({ isOpen }) => isOpen)).toHaveLength(Math.min(n + 1, LIMIT));
    }
  });

  it("leaves as many as the limit allows when eight come at once [I12]", async () => {
    for (let round = 0; round < 10; round++) {
      const userId = `user-${String(round)}`;
      const clients = await Promise.all(
        Array.from({ length: ATTEMPTS }, (_, n) => cluster.open(cluster.node(n), userId)),
      );
      const openOnes = () => clients.filter(({ isOpen }) => isOpen).length;
      await until("the surplus to be closed", () => openOnes() === LIMIT);
      for (const { isOpen, closed } of clients) if (!isOpen) expect((await closed).code).toBe(EVICTED);
    }
  });
});
