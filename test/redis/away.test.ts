// Real nodes on a real redis-server that is stopped, killed, started again and paused.
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { RedisNodes } from "./support/redis-nodes.ts";
import type { RecordedClient } from "./support/redis-nodes.ts";
import { RedisServer } from "../../packages/redis/test/redis-server.ts";
import { channelsOf } from "../support/frame.ts";
import { Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

const LONG_MS = 90_000;

type OnFinished = (end: () => Promise<void>) => void;

/** Starts nodes that end with their test. The tests of this file run side by side. */
async function start(
  onFinished: OnFinished,
  options?: Parameters<typeof RedisNodes.start>[0],
): Promise<RedisNodes> {
  const nodes = await RedisNodes.start(options);
  onFinished(() => nodes.stop());
  return nodes;
}

/** What readers hear of presence. */
function watchPresence({ client }: RecordedClient): string[] {
  const events: string[] = [];
  client.onUsersChange((users) =>
    events.push(
      users
        .map(({ userId }) => userId)
        .toSorted()
        .join(),
    ),
  );
  return events;
}

interface Outage {
  readonly name: string;
  readonly begin: (all: RedisNodes) => unknown;
  readonly end: (all: RedisNodes) => unknown;
}

const stopped = (ms: number): Outage => ({
  name: `SIGSTOP for ${String(ms / 1_000)} s`,
  begin: ({ redis }) => {
    redis.signal("SIGSTOP");
  },
  end: async ({ redis }) => {
    await pause(ms);
    redis.signal("SIGCONT");
  },
});

const outages: Outage[] = [
  stopped(5_000),
  stopped(15_000),
  {
    name: "CLIENT PAUSE ALL for 3 s",
    begin: ({ redis }) => redis.control((client) => client.sendCommand(["CLIENT", "PAUSE", "3000", "ALL"])),
    end: () => pause(3_000),
  },
  {
    name: "kill -9 and a start with the state before it",
    begin: async ({ redis }) => {
      await redis.control((client) => client.sendCommand(["SAVE"]));
      await redis.kill();
    },
    end: async ({ redis }) => {
      await pause(4_000);
      await redis.start();
    },
  },
];

describe.concurrent("[I6] while Redis is away", () => {
  it.for(outages)(
    "by $name, sockets stay open, what is sent arrives once and in order afterwards, and no user comes or goes",
    { timeout: LONG_MS },
    async ({ begin, end }, { onTestFinished: onFinished }) => {
      const all = await start(onFinished);
      const [ada, bea] = [await all.connect(0, "ada"), await all.connect(1, "bea")];
      await until("both lists", () => ada.client.users.length === 2 && bea.client.users.length === 2);
      const events = watchPresence(bea);
      await ada.client.send("chat_message", { content: "before" });
      await begin(all);
      const sendings = Array.from({ length: 20 }, (_, n) =>
        ada.client.send("chat_message", { content: String(n) }),
      );
      await end(all);
      const receipts = await Promise.all(sendings);
      expect(receipts.map(({ status }) => status)).toEqual(receipts.map(() => "delivered"));
      await until("the messages", () => bea.heard.length >= 21, 20_000);
      await all.whenHealthy();
      await pause(3_000);
      expect(bea.heard).toEqual(["before", ...Array.from({ length: 20 }, (_, n) => String(n))]);
      expect([ada.states, bea.states, bea.gaps, ada.gaps]).toEqual([[], [], [], []]);
      expect(events).toEqual([]);
    },
  );

  it(
    "a publish of the application fails within its deadline, and at once when the node knows",
    async ({ onTestFinished: onFinished }) => {
      const all = await start(onFinished, { nodes: 1 });
      const { manager } = all.node(0);
      const publish = async (): Promise<number> => {
        const startedAt = performance.now();
        const { offset } = await manager.broadcastMessage({ type: "announcement", message: "lost" });
        expect(offset).toBeUndefined();
        return performance.now() - startedAt;
      };
      all.redis.signal("SIGSTOP");
      expect(await publish()).toBeLessThan(4_000);
      await all.whenAway();
      await until("calls to fail at once", async () => (await publish()) < 500, 15_000);
    },
    LONG_MS,
  );

  it(
    "calls under way are bounded, and memory is: 20,000 publishes settle, and none of them is delivered twice",
    async ({ onTestFinished: onFinished }) => {
      const all = await start(onFinished, { nodes: 1 });
      const bea = await all.connect(0, "bea");
      const texts: string[] = [];
      bea.client.on("announcement", ({ message }) => texts.push(message));
      const { manager } = all.node(0);
      all.redis.signal("SIGSTOP");
      const published = await Promise.all(
        Array.from({ length: 20_000 }, (_, n) =>
          manager.broadcastMessage({ type: "announcement", message: String(n) }),
        ),
      );
      expect(published.filter(({ offset }) => offset !== undefined)).toEqual([]);
      all.redis.signal("SIGCONT");
      await all.whenHealthy();
      await manager.broadcastMessage({ type: "announcement", message: "last" });
      await until("the last", () => texts.at(-1) === "last", 15_000);
      // What Redis had read before its pause has had its effect; of the others, nothing.
      expect(texts.length).toBeLessThanOrEqual(5_001);
      expect(new Set(texts).size).toBe(texts.length);
    },
    LONG_MS,
  );

  it(
    "new clients are taken, with pending channels, and get what they missed when Redis is back",
    async ({ onTestFinished: onFinished }) => {
      const all = await start(onFinished);
      const bea = await all.connect(1, "bea");
      const page = new Page();
      const first = await all.open(0, "ada", page);
      await first.hello();
      await first.cut();
      await bea.client.send("chat_message", { content: "missed" });
      // The node closes a channel without a reader after 10 s.
      await pause(11_000);
      all.redis.signal("SIGSTOP");
      await all.whenAway();
      const second = await all.open(0, "ada", page);
      const welcome = await second.hello({ rooms: ["hall"] });
      expect(Object.values(channelsOf(welcome)).map(({ recovered }) => recovered)).toEqual([
        "pending",
        "pending",
        "pending",
      ]);
      second.post("chat_message", { content: "from ada" }, "room:hall");
      all.redis.signal("SIGCONT");
      await second.seen({ type: "joined", room: "hall" });
      await until("the messages", () => second.all("chat_message").length === 2, 10_000);
      expect(second.all("chat_message").map(({ content }) => content)).toEqual(["missed", "from ada"]);
      expect(second.all("gap")).toEqual([]);
      await until(
        "the user to be online",
        () => bea.client.users.some(({ userId }) => userId === "ada"),
        10_000,
      );
    },
    LONG_MS,
  );

  it(
    'with onUnavailable "deny" an upgrade gets 503 at once, and the node is not ready until Redis is back',
    async ({ onTestFinished: onFinished }) => {
      const all = await start(onFinished, { nodes: 1, backplane: { onUnavailable: "deny" } });
      const bea = await all.connect(0, "bea");
      await all.redis.kill();
      await all.whenAway();
      const refuse = async (): Promise<number> => {
        const startedAt = performance.now();
        expect(await all.statusOf(0, "ada")).toBe(503);
        return performance.now() - startedAt;
      };
      await until("a refusal at once", async () => (await refuse()) < 500, 15_000);
      expect(all.node(0).manager.health()).toMatchObject({ status: "down", ready: false });
      expect(bea.states).toEqual([]);
      await all.redis.start();
      await all.whenHealthy();
      expect(await all.statusOf(0, "ada")).toBe(101);
    },
    LONG_MS,
  );

  it(
    "a Redis that comes back empty is told: each client gets a gap, and what was sent meanwhile is delivered once or behind it",
    async ({ onTestFinished: onFinished }) => {
      const all = await start(onFinished);
      const [ada, bea] = [await all.connect(0, "ada"), await all.connect(1, "bea")];
      await ada.client.send("chat_message", { content: "before" });
      await until("the message", () => bea.heard.length === 1);
      await all.redis.kill();
      const sending = ada.client.send("chat_message", { content: "meanwhile" });
      await all.whenAway();
      await all.redis.start();
      expect((await sending).status).toBe("delivered");
      await until("the gap", () => bea.gaps.length > 0, 15_000);
      await all.whenHealthy();
      await ada.client.send("chat_message", { content: "after" });
      await until("the message", () => bea.heard.at(-1) === "after", 15_000);
      // What was stored before the other node had found out is behind its gap.
      expect(["before,meanwhile,after", "before,after"]).toContain(bea.heard.join());
      expect([ada.states, bea.states]).toEqual([[], []]);
    },
    LONG_MS,
  );
});

it.concurrent(
  "a node on a Redis that takes no writes is not up: it has become a replica",
  async ({ onTestFinished: onFinished }) => {
    const all = await start(onFinished, { nodes: 1 });
    const primary = await RedisServer.start();
    try {
      await all.redis.control((client) =>
        client.sendCommand(["REPLICAOF", "127.0.0.1", String(primary.port)]),
      );
      await all.whenAway();
      const health = all.node(0).manager.health();
      expect(health.reason).toMatch(/READONLY|read only/i);
      await all.redis.control((client) => client.sendCommand(["REPLICAOF", "NO", "ONE"]));
      await all.whenHealthy();
      expect(all.node(0).manager.health().backplane.rttMs).toBeGreaterThanOrEqual(0);
    } finally {
      await primary.close();
    }
  },
  LONG_MS,
);
