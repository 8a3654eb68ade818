import { setTimeout as pause } from "node:timers/promises";
import { createRandom } from "@halyard/testing";
import { afterEach, describe, expect, it } from "vitest";
import { joined, userIdsOf } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster.ts";
import { cutConnections, seedOfRun } from "./support/faults.ts";
import { PresenceLog } from "./support/presence-log.ts";

/** Longer than a lease and two beats. */
const LEASE_OVER_MS = 9_000;
const GRACE_MS = 5_000;
const CHURN_MS = 14_000;

let cluster: Cluster;
let log: PresenceLog;

async function start(nodes: number, options: Parameters<typeof Cluster.start>[0] = {}): Promise<void> {
  const runtimes = Array.from({ length: nodes }, () => "node" as const);
  cluster = await Cluster.start({ runtimes, limits: { leaveGraceMs: GRACE_MS }, ...options });
  log = await PresenceLog.open(cluster.redis);
}

afterEach(async () => {
  log.close();
  await cluster.close();
});

/** Opens connections of these users, some at a time. */
async function connectAll(node: ClusterNode, users: readonly string[]): Promise<V1Client[]> {
  const clients: V1Client[] = [];
  for (let first = 0; first < users.length; first += 25)
    clients.push(
      ...(await Promise.all(users.slice(first, first + 25).map((user) => cluster.connect(node, user)))),
    );
  return clients;
}

async function onlineAt(node: ClusterNode): Promise<string[]> {
  const { users } = await node.command<{ users: { userId: string }[] }>("listUsers");
  return users.map(({ userId }) => userId).toSorted();
}

/** The users whom the lists and the joins that a client was sent name. */
function knownTo({ frames }: V1Client): Set<string> {
  return new Set(
    frames.flatMap((frame) => (["user_list", "user_joined"].includes(frame.type) ? userIdsOf(frame) : [])),
  );
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${String(n)}`);
}

describe("nodes that are killed", () => {
  it("take their own users offline within ten seconds, also 20,000, and no user who is elsewhere too [I10]", async () => {
    await start(3);
    const [stays, killed, crowded] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    const watcher = await cluster.connect(stays, "watcher");
    const [own, shared] = [names("own-", 100), names("shared-", 100)];
    await connectAll(killed, [...own, ...shared]);
    await connectAll(stays, shared);
    await until("the users to be online", () => log.online.length === 201);
    await watcher.sync();
    const told = watcher.frames.length;
    await crowded.command("crowd", { count: 20_000, prefix: "crowd-" });
    await until("the crowd to be online", () => log.of(isCrowd, "+").length === 20_000, 10_000);

    const killedAt = performance.now();
    await Promise.all([killed.kill(), crowded.kill()]);
    await until("all to have left", () => log.of(undefined, "-").length >= 20_100, 20_000);
    const lastAfterMs = (log.records.at(-1)?.at ?? 0) - killedAt;
    const firstAfterMs = (log.of(undefined, "-")[0]?.at ?? 0) - killedAt;
    process.stdout.write(
      `[I10]: 20,100 users offline ${firstAfterMs.toFixed(0)} to ${lastAfterMs.toFixed(0)} ms after the kill\n`,
    );
    expect(lastAfterMs).toBeLessThan(10_000);
    expect(log.doubled).toEqual([]);
    const left = log.of(undefined, "-").flatMap(({ user }) => (isCrowd(user) ? [] : [user]));
    expect(left.toSorted()).toEqual(own.toSorted());
    expect(await onlineAt(stays)).toEqual([...shared, "watcher"].toSorted());
    // With so many users the watcher gets totals only, then a list, and what has changed after it.
    const isListed = () => watcher.frames.slice(told).some(({ type }) => type === "user_list");
    await until("the watcher to have a list", isListed);
    await until("the watcher to know of all", () => watcher.frames.at(-1)?.["total"] === 101);
  });
});

function isCrowd(user: string): boolean {
  return user.startsWith("crowd-");
}

interface Connected {
  readonly userId: string;
  readonly isOpen: () => boolean;
}

/** A page that opens and closes connections on any node for some time. */
async function churn(
  userId: string,
  { random, isOver, nodes }: { random: () => number; isOver: () => boolean; nodes: () => ClusterNode[] },
): Promise<Connected> {
  const page = new Page();
  for (;;) {
    const choices = nodes();
    const node = choices[Math.floor(random() * choices.length)];
    if (node === undefined) throw new Error("no node is left");
    const client = await cluster.connect(node, userId, page).catch(() => undefined);
    await pause(random() * 600);
    if (isOver()) return { userId, isOpen: () => client?.isOpen === true };
    if (random() < 0.5) await client?.cut();
    // A node that is frozen answers no close.
    else await client?.close(random() < 0.5 ? 1000 : 3001).catch(() => client.cut());
    await pause(random() * 300);
  }
}

describe("connections that open and close on nodes that are killed, frozen and cut off", () => {
  it("are one event per transition, and at the end every user who is connected is online [I9]", async () => {
    await start(3, { limits: { leaveGraceMs: 1_000 } });
    const seed = seedOfRun("[I9]");
    const random = createRandom(seed);
    const [killed, frozen] = [cluster.node(1), cluster.node(2)];
    let isAway = false;
    const nodes = () => cluster.nodes.filter((node) => !node.isDead && !(isAway && node === frozen));
    const endsAt = performance.now() + CHURN_MS;
    const isOver = () => performance.now() > endsAt;
    const churning = names("user-", 40).flatMap((user, n) =>
      // Every fourth user has two devices.
      Array.from({ length: n % 4 === 0 ? 2 : 1 }, () => churn(user, { random, isOver, nodes })),
    );
    const faults = (async () => {
      await pause(1_500);
      isAway = true;
      frozen.signal("SIGSTOP");
      await pause(500);
      await killed.kill();
      await cluster.add();
      await cutConnections(cluster.redis, "normal");
      await pause(LEASE_OVER_MS);
      frozen.signal("SIGCONT");
      await pause(1_000);
      isAway = false;
      await cluster.redis.cutPushes();
    })();
    const pages = await Promise.all(churning);
    await faults;
    const truth = () => [...new Set(pages.flatMap(({ userId, isOpen }) => (isOpen() ? [userId] : [])))];
    await until(
      "the events to tell the truth",
      () => JSON.stringify(log.online) === JSON.stringify(truth().toSorted()),
      12_000,
    );
    await pause(2_000);
    const context = `seed ${String(seed)}`;
    expect(log.online, context).toEqual(truth().toSorted());
    expect(log.doubled, context).toEqual([]);
    for (const node of nodes()) expect(await onlineAt(node), context).toEqual(truth().toSorted());
    process.stdout.write(`[I9]: ${String(log.of().length)} transitions of 40 users\n`);
  });
});

describe("a page that is away for one to three seconds", () => {
  it("and comes back to any node is no event for any client [I11]", async () => {
    // A busy machine takes some of it for the connecting.
    await start(3, { limits: { leaveGraceMs: 2 * GRACE_MS } });
    const random = createRandom(seedOfRun("[I11]"));
    const watcher = await cluster.connect(cluster.node(0), "watcher");
    const users = names("user-", 40);
    const pages = users.map(() => new Page());
    const connect = (n: number, user: string) =>
      cluster.connect(cluster.node(Math.floor(random() * 3)), user, pages[n]);
    const clients = await Promise.all(users.map((user, n) => connect(n, user)));
    await until("everybody to be online", () => log.online.length === 41);
    // Nodes gather what they tell in batches, so that the watcher knows it later than Redis.
    await until("the watcher to know of all", () => knownTo(watcher).size === 41);
    const [before, told] = [log.records.length, watcher.frames.length];
    await Promise.all(
      users.map(async (user, n) => {
        let client = clients[n];
        for (let round = 0; round < 2; round++) {
          await (n % 2 === 0 ? client?.cut() : client?.close(3001));
          await pause(1_000 + random() * 2_000);
          client = await connect(n, user);
        }
      }),
    );
    // The leave of a user would have been announced by now.
    await pause(2 * GRACE_MS + 2_000);
    expect(log.records.slice(before)).toEqual([]);
    await watcher.sync();
    expect(watcher.frames.slice(told).filter(({ type }) => type.startsWith("user_"))).toEqual([]);
    expect(await onlineAt(cluster.node(2))).toEqual([...users, "watcher"].toSorted());
  });
});

describe("a node that was frozen for longer than its lease", () => {
  it("has no users meanwhile, declares them once when it wakes, and leaves no ghost [I13]", async () => {
    await start(2);
    const [stays, frozen] = [cluster.node(0), cluster.node(1)];
    const watcher = await cluster.connect(stays, "watcher");
    const clients = await connectAll(frozen, names("user-", 20));
    await Promise.all(clients.map((client) => client.join("lobby")));
    await until("everybody to be online", () => log.online.length === 21);
    const nodeId = await frozen.command<string>("nodeId");
    const leases = async () => {
      const all = await cluster.redis.control((client) => client.zRange("halyard:leases", 0, -1));
      return all.filter((lease) => lease.startsWith(nodeId));
    };
    expect(await leases()).toEqual([`${nodeId}/1`]);
    frozen.signal("SIGSTOP");
    await until("all to have left", () => log.online.length === 1, LEASE_OVER_MS + 3_000);
    expect(await leases()).toEqual([]);
    // One goes for good while the node sees nothing.
    await clients[0]?.cut();
    frozen.signal("SIGCONT");
    await until("the others to be back", () => log.online.length === 20, 10_000);
    await until("the one to have left", async () => (await onlineAt(stays)).length === 20, 10_000);
    expect(await leases()).toEqual([`${nodeId}/2`]);
    expect(log.doubled).toEqual([]);
    const rejoined = log.records.filter(({ sign, room }) => sign === "+" && room === "lobby");
    expect(rejoined.filter(({ user }) => user !== "user-0").length).toBe(2 * 19);
    await until("the watcher to know", () => watcher.all(joined("user-19")).length === 2);
    // No ghost: what is closed now leaves.
    await Promise.all(clients.slice(1).map((client) => client.close()));
    await until("all to have left", () => log.online.length === 1, GRACE_MS + 4_000);
    expect(await onlineAt(stays)).toEqual(["watcher"]);
  });
});

describe("a user who is renamed on one node", () => {
  it("has the new name in rooms on other nodes [trap 13]", async () => {
    await start(3);
    const watcher = await cluster.connect(cluster.node(0), "watcher");
    await watcher.join("lobby");
    const inRoom = await cluster.connect(cluster.node(1), "ada");
    await inRoom.join("lobby");
    await cluster.connect(cluster.node(2), "ada");
    await watcher.next((frame) => joined("ada")(frame) && frame["room"] === "lobby");
    // The node that hears of it has no connection in the room.
    await cluster.node(2).command("rename", { userId: "ada", name: "Countess" });
    const renamed = (room?: string) =>
      watcher.seen((frame) => joined("ada")(frame) && frame["room"] === room && nameIn(frame) === "Countess");
    expect(userIdsOf(await renamed("lobby"))).toEqual(["ada"]);
    expect(userIdsOf(await renamed())).toEqual(["ada"]);
    expect(log.doubled).toEqual([]);
  });
});

describe("users who come and go in other rooms", () => {
  it("cause no second list in a room, whose newcomers have theirs without delay", async () => {
    await start(2);
    const bystander = await cluster.connect(cluster.node(0), "bystander");
    await bystander.join("hall");
    let isOver = false;
    const others = (await connectAll(cluster.node(1), names("other-", 8))).map(async (client) => {
      while (!isOver) {
        await client.join("elsewhere");
        await client.sendAndWait({ type: "leave", room: "elsewhere" });
        await pause(100);
      }
    });
    const newcomers = await connectAll(cluster.node(0), names("newcomer-", 12));
    const isOfHall = (frame: Frame): boolean => frame.type === "user_list" && frame["room"] === "hall";
    for (const newcomer of newcomers) {
      await newcomer.join("hall");
      await newcomer.seen(isOfHall);
    }
    isOver = true;
    await Promise.all(others);
    // A list that waits for events of other rooms would come with another one for everybody in the room.
    expect(bystander.all(isOfHall)).toHaveLength(1);
  });
});

function nameIn(frame: Readonly<Record<string, unknown>>): unknown {
  return (frame["users"] as readonly { readonly name?: string }[])[0]?.name;
}
