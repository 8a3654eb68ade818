// The faults of a soak: of the network, of the server's process and of the pages.
// `soak` gives them to the nemesis, which applies and heals them in the order of its seed.
// A fault that cannot strike at the moment returns `undefined`.
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
    // Clients detect these faults by silence only and stay away for long, so they are rarer than the others.
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

/** Those of the Redis below the nodes: it stands still, it is killed, and it closes its connections. */
function redisFaults(redis: RedisServer): Record<string, Fault> {
  const cut = (kind: "pubsub" | "normal"): Fault => ({
    weight: 0.3,
    strike: async () => {
      if (!redis.isRunning) return undefined;
      const command = ["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"];
      // Another fault may end Redis meanwhile.
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

/** The weight of each fault of a page, and how long it lasts. */
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
      const [who, how] = [chance.random(), chance.random()];
      // The pages of a frozen process cannot do anything.
      if (!worker || worker.isFrozen) return undefined;
      const name = await worker.strike(kind, who);
      return name === undefined ? undefined : { what: name, heal: () => worker.heal(kind, name, how) };
    },
  };
}
