import { redisBackplane } from "@halyard/redis";
import type { RedisBackplaneOptions } from "@halyard/redis";
import type { Backplane, BackplaneHandlers } from "@halyard/server";
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { mutantClient } from "../../packages/redis/test/mutant-client.ts";
import { RedisServer } from "../../packages/redis/test/redis-server.ts";
import { until } from "../support/wait.ts";
import { Cluster } from "./support/cluster.ts";
import { keysOf } from "./support/oracle.ts";

/** Of a call, and what a machine under load adds. */
const DEADLINE_MS = 1_500 + 750;
const HISTORY = { messages: 1_000, bytes: 1e6, ms: 60_000 };
const REF = { user: "ada", client: "client" };
const WORK = { ref: REF, key: 1, digest: 7, claim: 1 };

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.close());
afterEach(async () => {
  redis.signal("SIGCONT");
  await redis.control((client) => client.flushAll());
});

const handlers = new Proxy({} as BackplaneHandlers, { get: () => () => undefined });

/** A backplane that ends with the test. */
function open(options: RedisBackplaneOptions): Backplane {
  const backplane = redisBackplane(options);
  onTestFinished(() => backplane.stop());
  return backplane;
}

async function openProxy(port: number): Promise<FaultProxy & { readonly url: string }> {
  const proxy = await createFaultProxy({ target: { port } });
  onTestFinished(() => proxy.close());
  return Object.assign(proxy, { url: `redis://127.0.0.1:${String(proxy.port)}` });
}

/** How many messages the log of a channel has. */
function lengthOf(channel: string): Promise<number> {
  return redis.control((client) => client.xLen(keysOf(channel).log));
}

/** Every call of the contract. */
const CALLS: Readonly<Record<string, (backplane: Backplane) => unknown>> = {
  publish: (backplane) => backplane.publish("all", "data", { history: HISTORY }),
  "publish without history": (backplane) => backplane.publish("all", "data", { history: false }),
  subscribe: (backplane) => backplane.subscribe("room:new"),
  read: (backplane) => backplane.read("all", { after: 0, limit: 10 }),
  tops: (backplane) => backplane.tops(["all"]),
  admit: (backplane) =>
    backplane.admit({ ...REF, attempt: 1, connectionId: "x.1", limit: 5, policy: "reject" }),
  roster: (backplane) => backplane.roster(undefined, { cursor: undefined, limit: 10 }),
  announce: (backplane) => backplane.announce("data"),
  send: (backplane) => backplane.send("other", "data"),
  revoke: (backplane) => backplane.revoke({ user: "bob", notBefore: 1, code: 4401, reason: "" }, 60_000),
  revocations: (backplane) => backplane.revocations(["bob"], []),
  begin: (backplane) => backplane.begin(WORK),
  settle: (backplane) => backplane.settle(WORK, "result"),
  recall: (backplane) => backplane.recall?.(REF, "c.1"),
  giveRoom: (backplane) => backplane.giveRoom(REF, "room"),
  takeRoom: (backplane) => backplane.takeRoom(REF, "room"),
  givenRooms: (backplane) => backplane.givenRooms(REF),
};

describe("while Redis is stopped", () => {
  it("[I6] every call ends within its deadline, and says that its outcome is not known", async () => {
    const backplane = open({ url: redis.url, onUnavailable: "deny" });
    await backplane.start(handlers);
    redis.signal("SIGSTOP");
    const startedAt = performance.now();
    const ends = await Promise.all(
      Object.entries(CALLS).map(async ([name, call]) => {
        const outcome = await Promise.resolve(call(backplane)).then(
          () => "an answer",
          (error: unknown) => (error as { readonly code?: string }).code ?? String(error),
        );
        return { name, outcome, isLate: performance.now() - startedAt > DEADLINE_MS };
      }),
    );
    expect(ends).toEqual(Object.keys(CALLS).map((name) => ({ name, outcome: "unavailable", isLate: false })));
    expect(backplane.health().state).toBe("down");

    redis.signal("SIGCONT");
    await until("Redis to be up again", () => backplane.health().state === "up", 10_000);
    for (const [name, call] of Object.entries(CALLS))
      await expect(Promise.resolve(call(backplane)), name).resolves.not.toThrow();
  });

  it("[I6] calls above what may be under way fail at once, and a node's memory stays bounded", async () => {
    const cluster = await Cluster.start({ runtimes: ["node"] });
    onTestFinished(() => cluster.close());
    const node = cluster.node(0);
    const memory = async (): Promise<number> => {
      const { heap, external } = await node.command<Record<"heap" | "external", number>>("memory");
      return heap + external;
    };
    const before = await memory();
    cluster.redis.signal("SIGSTOP");
    const flood = { count: 8_000, bytes: 6_000, room: "lobby" };
    const first = node.command<Record<"longestMs" | "published", number>>("flood", flood);
    await pause(300);
    // Of 48 MB, at most 32 MiB are under way; each of their characters is a byte here and there.
    expect((await memory()) - before).toBeLessThan(90e6);
    const { longestMs, published } = await first;
    expect(published).toBe(0);
    expect(longestMs).toBeLessThan(DEADLINE_MS + 1_500);
    expect((await memory()) - before).toBeLessThan(30e6);
    cluster.redis.signal("SIGCONT");
  });
});

describe("a call whose outcome is not known", () => {
  /** Publishes once, and loses the connection when the message is stored and the answer is not there. */
  async function publishAndLose(options: (url: string) => RedisBackplaneOptions): Promise<number> {
    const proxy = await openProxy(redis.port);
    const backplane = open(options(proxy.url));
    await backplane.tops(["room:x"]);
    for (const connection of proxy.connections) connection.stall("down");
    const publishing = backplane.publish("room:x", "data", { history: HISTORY });
    await until("the message to be stored", async () => (await lengthOf("room:x")) === 1);
    for (const connection of proxy.connections) connection.cut();
    const { duplicate, position } = await publishing;
    expect([duplicate, typeof position?.off]).toEqual([false, "number"]);
    return lengthOf("room:x");
  }

  it("[trap 10] is repeated under its own key: the message is stored once", async () => {
    expect(await publishAndLose((url) => ({ url }))).toBe(1);
  });

  it("[trap 10] would be stored twice without a look at the key", async () => {
    const mutation = { from: "if known then", to: "if false then" };
    expect(await publishAndLose((url) => ({ client: mutantClient(url, mutation) }))).toBe(2);
  });

  it("ends when the backplane stops; one that only publishes takes no lease after a loss of its connection", async () => {
    const proxy = await openProxy(redis.port);
    const backplane = open({ url: proxy.url });
    await backplane.tops(["room:x"]);
    for (const connection of proxy.connections) connection.cut();
    await backplane.tops(["room:x"]);
    await pause(50);
    expect(await redis.control((client) => client.exists("halyard:leases"))).toBe(0);
    for (const connection of proxy.connections) connection.stall("down");
    const publishing = backplane.publish("room:x", "data", { history: HISTORY });
    await until("the message to be stored", async () => (await lengthOf("room:x")) === 1);
    await backplane.stop();
    await expect(publishing).rejects.toMatchObject({ code: "unavailable" });
    await expect(backplane.tops(["room:x"])).rejects.toMatchObject({ code: "unavailable" });
  });

  it("[trap 10] can be repeated by the caller under the caller's key", async () => {
    const proxy = await openProxy(redis.port);
    const backplane = open({ url: proxy.url });
    await backplane.tops(["room:x"]);
    for (const connection of proxy.connections) connection.stall("down");
    const publish = () => backplane.publish("room:x", "data", { history: HISTORY, idempotencyKey: "key" });
    await expect(publish()).rejects.toMatchObject({ code: "unavailable" });
    for (const connection of proxy.connections) connection.cut();
    expect(await publish()).toMatchObject({ duplicate: true });
    expect(await lengthOf("room:x")).toBe(1);
  });
});

describe("a replica", () => {
  it("[trap 11] is neither written to nor read from, and is not up", async () => {
    const replica = await RedisServer.start({ args: ["--replicaof", "127.0.0.1", String(redis.port)] });
    onTestFinished(() => replica.close());
    const backplane = open({ url: replica.url, onUnavailable: "deny" });
    backplane.start(handlers).catch(() => undefined);
    for (const call of ["read", "tops", "publish", "admit", "recall"])
      await expect(Promise.resolve(CALLS[call]?.(backplane)), call).rejects.toMatchObject({
        code: "unavailable",
      });
    const { state, lastError } = backplane.health();
    expect([state, lastError?.includes("READONLY")]).toEqual(["down", true]);
  });

  it("[trap 11] that a master has become is left, and used again as a master", async () => {
    const backplane = open({ url: redis.url });
    await backplane.start(handlers);
    await backplane.publish("all", "data", { history: HISTORY });
    await redis.control((client) => client.sendCommand(["REPLICAOF", "127.0.0.1", "1"]));
    await until("the replica to be noticed", () => backplane.health().state === "down");
    for (const call of ["read", "tops", "publish"])
      await expect(Promise.resolve(CALLS[call]?.(backplane)), call).rejects.toMatchObject({
        code: "unavailable",
      });
    expect(backplane.health().lastError).toContain("READONLY");
    await redis.control((client) => client.sendCommand(["REPLICAOF", "NO", "ONE"]));
    await until("the master to be used", () => backplane.health().state === "up", 10_000);
    await backplane.publish("all", "data", { history: HISTORY });
  });

  it.each(["yes", "no"])(
    "that a master has become is left for the master that has taken its address, also by what is pushed: replica-serve-stale-data %s",
    async (serves) => {
      const former = await RedisServer.start({ args: ["--replica-serve-stale-data", serves] });
      onTestFinished(() => former.close());
      const target = { port: former.port };
      const proxy = await createFaultProxy({ target });
      onTestFinished(() => proxy.close());
      const backplane = open({ url: `redis://127.0.0.1:${String(proxy.port)}` });
      let pushed = 0;
      await backplane.start(
        new Proxy(handlers, {
          get: (target, name) =>
            name === "onPublication" ? () => pushed++ : (Reflect.get(target, name) as unknown),
        }),
      );
      await backplane.subscribe("room:x");
      // The new master does not reach the former one, whose connections stay open.
      target.port = redis.port;
      await former.control((client) => client.sendCommand(["REPLICAOF", "127.0.0.1", "1"]));
      const publish = () => backplane.publish("room:x", "data", { history: HISTORY }).catch(() => undefined);
      await until("the push of the new master", () => publish().then(() => pushed > 0));
      expect(backplane.health().state).toBe("up");
    },
  );
});

describe("subscriptions that change all the time", () => {
  it("[trap 3] are never in another state than the last one that was wanted", async () => {
    const proxy = await openProxy(redis.port);
    const heard = new Map<string, number>();
    const backplane = open({ url: proxy.url });
    await backplane.start(
      new Proxy(handlers, {
        get: (target, name) =>
          name === "onEphemeral"
            ? (channel: string) => heard.set(channel, (heard.get(channel) ?? 0) + 1)
            : (Reflect.get(target, name) as unknown),
      }),
    );
    for (const connection of proxy.connections) connection.delay(1, 15);
    const wanted = new Map<string, boolean>();
    let attempts: Promise<unknown>[] = [];
    for (let round = 0; round < 300; round++) {
      const channel = `room:${String((round * 7) % 20)}`;
      const isWanted = (round * 2_654_435_761) % 97 < 49;
      wanted.set(channel, isWanted);
      attempts.push(
        (isWanted ? backplane.subscribe(channel) : backplane.unsubscribe(channel)).catch(() => undefined),
      );
      if (round % 9 === 0) await pause(5);
      if (round === 150)
        await redis.control((client) => client.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]));
    }
    await Promise.all(attempts);
    attempts = [...wanted]
      .filter(([, isWanted]) => isWanted)
      .map(([channel]) => backplane.subscribe(channel));
    await Promise.all(attempts);
    for (const channel of wanted.keys()) await backplane.publish(channel, "data", { history: false });
    const expected = [...wanted].filter(([, isWanted]) => isWanted).map(([channel]) => channel);
    await until("every message to be heard", () => expected.every((channel) => heard.get(channel) === 1));
    const { channels } = await redis.control(async (client) => ({
      channels: await client.pubSubChannels("*messages:room:*"),
    }));
    expect(channels.map((name) => name.split(":messages:")[1]).sort()).toEqual(expected.sort());
    expect([...heard.keys()].sort()).toEqual(expected.sort());
  });
});
