import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster.ts";
import { Hopper } from "./support/hopper.ts";
import { keysOf, Oracle } from "./support/oracle.ts";

const HISTORY = 3_000;

let cluster: Cluster;
/** The history is as long as the node says that publishes. */
let normal: ClusterNode, other: ClusterNode, short: ClusterNode, brief: ClusterNode;
/** No page stays there: it has nothing of a channel but what Redis has. */
let cold: ClusterNode;

beforeAll(async () => {
  cluster = await Cluster.start({ runtimes: [], limits: { historyMessages: HISTORY } });
  [normal, other, cold, short, brief] = await Promise.all([
    cluster.add("node"),
    cluster.add("bun"),
    cluster.add("node"),
    cluster.add("node", { limits: { historyMessages: 10 } }),
    cluster.add("node", { limits: { historyMs: 400 } }),
  ]);
});
afterAll(() => cluster.close());

/** A room, a page that stays in it on each of two nodes, and one that is away and comes back to a third node. */
class Scene {
  readonly room: string;
  readonly oracle: Oracle;
  readonly here: readonly Hopper[];
  readonly away: Hopper;

  private constructor(room: string) {
    this.room = room;
    this.oracle = new Oracle(cluster.redis, `room:${room}`);
    const [a, b, away] = ["a", "b", "away"].map(
      (name) => new Hopper(cluster, { userId: `${room}-${name}`, rooms: [room], random: Math.random }),
    ) as [Hopper, Hopper, Hopper];
    this.here = [a, b];
    this.away = away;
  }

  static async open(room: string): Promise<Scene> {
    const scene = new Scene(room);
    await scene.oracle.watch();
    await Promise.all([...scene.here, scene.away].map((page, n) => page.connect([normal, other, normal][n])));
    await scene.publish(normal, 5);
    await scene.oracle.reachedBy([...scene.here, scene.away]);
    await scene.away.leave();
    return scene;
  }

  async publish(node: ClusterNode, count: number): Promise<void> {
    await node.command("notices", { count, room: this.room });
  }

  /** Brings the page back that was away, publishes once more, and waits until everyone is at the end of the log. */
  async end(): Promise<void> {
    await this.away.connect(cold);
    await this.publish(normal, 3);
    await this.oracle.reachedBy([...this.here, this.away]);
    for (const page of [...this.here, this.away]) await page.leave();
    this.oracle.stop();
    expect([...this.here, this.away].flatMap((page) => this.oracle.faultsOf(page))).toEqual([]);
  }

  /** What each page was told: those that stayed, and the one that was away. */
  get told(): unknown[][] {
    return [...this.here, this.away].map(({ gaps }) =>
      gaps.filter(({ ch }) => ch === this.oracle.ch).map(({ reason }) => reason),
    );
  }

  run(command: "del" | "expire", name: "log" | "state"): Promise<unknown> {
    const key = keysOf(this.oracle.ch)[name];
    return cluster.redis.control((client) => (command === "del" ? client.del(key) : client.pExpire(key, 1)));
  }
}

describe("a client whose messages are not all there any more is told so, once", () => {
  it("[I2] after the history was trimmed by number", async () => {
    const scene = await Scene.open("trimmed");
    await scene.publish(short, 100);
    await scene.end();
    expect(scene.told).toEqual([[], [], ["trimmed"]]);
  });

  it("[I2] after the history has expired", async () => {
    const scene = await Scene.open("expired");
    await scene.publish(brief, 5);
    await scene.oracle.read();
    const log = keysOf(scene.oracle.ch).log;
    await until("the log to expire", () =>
      cluster.redis.control(async (client) => (await client.exists(log)) === 0),
    );
    await scene.end();
    expect(scene.told).toEqual([[], [], ["trimmed"]]);
  });

  it("[I2] after the log was deleted; no other client is told", async () => {
    const scene = await Scene.open("deleted-log");
    await scene.publish(normal, 5);
    await scene.oracle.reachedBy(scene.here);
    await scene.run("del", "log");
    await scene.end();
    expect(scene.told).toEqual([[], [], ["trimmed"]]);
  });

  it("[I2] after it was deleted what is known of the channel; everyone is told", async () => {
    const scene = await Scene.open("deleted-state");
    await scene.publish(normal, 5);
    await scene.oracle.reachedBy(scene.here);
    await scene.run("del", "state");
    await scene.publish(normal, 1);
    await scene.oracle.reachedBy(scene.here);
    await scene.end();
    expect(scene.told).toEqual([[expect.any(String)], [expect.any(String)], [expect.any(String)]]);
  });

  it("[I2] when it missed more than one resume may replay", async () => {
    const scene = await Scene.open("too-many");
    await scene.publish(normal, 1_001);
    await scene.end();
    expect(scene.told).toEqual([[], [], ["too_many"]]);
  });

  it("[I2] not when the history reaches back", async () => {
    const scene = await Scene.open("whole");
    await scene.publish(normal, 1_000);
    await scene.end();
    expect(scene.told).toEqual([[], [], []]);
  });
});
