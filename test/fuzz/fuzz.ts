import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { ORIGIN } from "../fixtures/identity.ts";
import { until } from "../support/wait.ts";
import { Attacker } from "./attacker.ts";
import { HEAP_SLACK } from "./faults.ts";
import { FrameSource } from "./frame-source.ts";
import { Witness } from "./reference-subscriber.ts";

export interface FuzzOptions {
  readonly runtime: Runtime;
  readonly frames: number;
  readonly seed: number;
  /**
   * How long to look at a heap that has grown: what a client did is remembered for 5 min, in case it comes back.
   *
   * @default 0
   */
  readonly forgetMs?: number;
  /** Hears how many frames have been thrown, now and then. */
  readonly onProgress?: (frames: number) => void;
}

export interface FuzzReport {
  readonly frames: number;
  readonly connections: number;
  /** What the healthy client received, and what of it was missing or out of order. */
  readonly witnessed: number;
  readonly missed: readonly string[];
  /** Rejections and exceptions that nobody handled. */
  readonly unhandled: readonly string[];
  readonly polluted: boolean;
  readonly longestLogLine: number;
  /** After garbage collection, with all attackers gone: after a tenth of the frames, and at the end. */
  readonly heapBefore: number;
  readonly heapAfter: number;
  readonly rss: number;
  readonly seconds: number;
}

const ATTACKERS = 32;

/** Throws frames at a server process of its own, beside a client that means well. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { runtime, frames, seed, forgetMs = 0, onProgress } = options;
  const startedAt = performance.now();
  // What a connection leaves behind for a while is kept shorter than a run, so that the heap can be compared.
  const limits = { historyMs: 2_000, handlerMs: 2_000, leaveGraceMs: 100 };
  const server = new AppServer(runtime, { limits, forgets: true }, `${runtime}.ts`);
  try {
    const port = await server.listen();
    const witness = await Witness.open(port, server);
    const source = new FrameSource(seed);
    const attackers = Array.from(
      { length: ATTACKERS },
      (_, n) => new Attacker(String(n), source, { port, origin: ORIGIN }),
    );
    let thrown = 0;
    const throwUpTo = async (end: number): Promise<number> => {
      const take = (): boolean => {
        if (thrown >= end) return false;
        if (++thrown % 10_000 === 0) onProgress?.(thrown);
        return true;
      };
      await Promise.all(attackers.map((attacker) => attacker.run(take)));
      return heapAtRest(server);
    };
    const heapBefore = await throwUpTo(Math.ceil(frames / 10));
    let heapAfter = await throwUpTo(frames);
    const forgottenAt = performance.now() + forgetMs;
    while (heapAfter > heapBefore + HEAP_SLACK && performance.now() < forgottenAt) {
      await pause(10_000);
      heapAfter = await heapAtRest(server);
    }
    const { missed, witnessed } = await witness.finish();
    const health = (await server.command("health")) as { unhandled: string[]; polluted: boolean };
    const log = (await server.command("log")) as string[];
    return {
      frames: thrown,
      connections: attackers.reduce((sum, { connections }) => sum + connections, 0),
      witnessed,
      missed,
      ...health,
      longestLogLine: Math.max(0, ...log.map((line) => Buffer.byteLength(line))),
      heapBefore,
      heapAfter,
      rss: ((await server.command("memory")) as Memory).rss,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
    };
  } finally {
    await server.stop();
  }
}

interface Memory {
  readonly heap: number;
  readonly rss: number;
}

/** The heap after a collection, once only the witness is left and grace, linger and handlers are over. */
async function heapAtRest(server: AppServer): Promise<number> {
  const connections = async (): Promise<number> =>
    ((await server.command("stats")) as { totalConnections: number }).totalConnections;
  await until("the attackers to be gone", async () => (await connections()) === 1, 20_000);
  await until("the grace time to be over", async () => {
    const { total } = (await server.command("listUsers")) as { total: number };
    return total === 1;
  });
  return ((await server.command("memory")) as Memory).heap;
}
