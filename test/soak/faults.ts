// The faults of a soak: of the network, of the servers, of Redis and of the pages.
// `soak` gives them to the nemesis, which applies and heals them in the order that its seed gives.
// A fault that cannot be applied now returns `undefined`.
import type { Chance, Fault } from "@halyard/testing";
import { proxyFaults } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { PAGE_FAULTS } from "./pages-process.ts";
import type { PagesProcess, PageFaultKind } from "./pages-process.ts";
import type { RedisServer } from "../../packages/redis/test/redis-server.ts";
import type { Servers } from "./servers.ts";

export interface Targets {
  readonly proxy: FaultProxy;
  readonly servers: Servers;
  readonly workers: readonly PagesProcess[];
}

/** The faults of a soak, for the nemesis. */
export function soakFaults({ proxy, servers, workers }: Targets): Record<string, Fault> {
  const network = proxyFaults(proxy);
  const pages = Object.fromEntries(PAGE_FAULTS.map((kind) => [kind, pageFault(workers, kind)]));
  return {
    ...network,
    // A client detects these faults by silence only and is disconnected for long, so they are rarer than the others.
    halfOpen: { ...network.halfOpen, weight: 0.3 },
    refuse: { ...network.refuse, weight: 0.2 },
    ...pages,
    kill: {
      weight: 0.4,
      lastsMs: [300, 3_000],
      strike: async ({ pick }) => {
        const server = pick(servers.nodes.filter(({ isRunning }) => isRunning));
        if (server === undefined) return undefined;
        await server.kill();
        return { what: `${server.name} -9`, heal: () => server.start() };
      },
    },
    pause: {
      weight: 0.2,
      lastsMs: [300, 3_000],
      strike: ({ pick }) => {
        const server = pick(servers.nodes.filter(({ isRunning }) => isRunning));
        return server && { what: server.name, heal: server.pause() };
      },
    },
    freeze: {
      weight: 0.4,
      lastsMs: [500, 8_000],
      strike: ({ pick }) => {
        const worker = pick(workers.filter(({ isFrozen }) => !isFrozen));
        return worker && { what: worker.name, heal: worker.freeze() };
      },
    },
    ...(servers.redis && redisFaults(servers.redis)),
  };
}

/** The faults of Redis: the process is stopped or killed, or closes the connections of the nodes. */
function redisFaults(redis: RedisServer): Record<string, Fault> {
  const cut = (kind: "pubsub" | "normal"): Fault => ({
    weight: 0.3,
    strike: async () => {
      if (!redis.isRunning) return undefined;
      const command = ["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"];
      // The command fails if another fault ends Redis meanwhile.
      const cut = await redis.control((client) => client.sendCommand(command)).catch(() => undefined);
      return cut === undefined ? undefined : { what: kind };
    },
  });
  return {
    redisKill: {
      weight: 0.15,
      lastsMs: [100, 2_000],
      strike: async () => {
        if (!redis.isRunning) return undefined;
        await redis.kill();
        return { what: "-9", heal: () => redis.start() };
      },
    },
    redisPause: {
      weight: 0.2,
      lastsMs: [200, 3_000],
      strike: () => {
        if (!redis.isRunning) return undefined;
        redis.signal("SIGSTOP");
        return { what: "Redis", heal: () => redis.signal("SIGCONT") };
      },
    },
    redisCutPushes: cut("pubsub"),
    redisCutCommands: cut("normal"),
  };
}

/** The weight and the duration of each fault of a page. */
const TIMES: Readonly<Record<PageFaultKind, Pick<Fault, "weight" | "lastsMs">>> = {
  hold: { lastsMs: [500, 10_000] },
  sleep: { lastsMs: [300, 8_000] },
  tab: { weight: 2, lastsMs: [1_000, 8_000] },
  reload: {},
  wander: { weight: 2, lastsMs: [50, 2_000] },
};

function pageFault(workers: readonly PagesProcess[], kind: PageFaultKind): Fault {
  return {
    ...TIMES[kind],
    strike: async (chance: Chance) => {
      const worker = chance.pick(workers);
      const [pageChance, healChance] = [chance.random(), chance.random()];
      // A frozen process answers no command.
      if (!worker || worker.isFrozen) return undefined;
      const name = await worker.strike(kind, pageChance);
      return name === undefined ? undefined : { what: name, heal: () => worker.heal(kind, name, healChance) };
    },
  };
}
