// The fuzzer: 32 attackers and one healthy client against a server process of its own.
// `pnpm fuzz` and the conformance suite call it; `findFaults` judges its report.
// The same seed gives the same random numbers; the timing of the attackers differs.
import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { ORIGIN } from "../fixtures/identity.ts";
import { until } from "../support/wait.ts";
import { Attacker } from "./attacker.ts";
import { FrameSource } from "./frame-source.ts";
import { HEAP_SLACK } from "./fuzz-report.ts";
import type { FuzzReport } from "./fuzz-report.ts";
import { ReferenceSubscriber } from "./reference-subscriber.ts";

export interface FuzzOptions {
  readonly runtime: Runtime;
  readonly frames: number;
  readonly seed: number;
  /**
   * How long a heap that has grown may take to shrink, in ms: the server remembers a client for 5 min.
   *
   * @default 0
   */
  readonly forgetMs?: number;
  /** Called with the number of frames after every 10,000 of them. */
  readonly onProgress?: (frames: number) => void;
}

const ATTACKERS = 32;

export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { runtime, frames, seed, forgetMs = 0, onProgress } = options;
  const startedAt = performance.now();
  // The state that outlives a connection expires within a run, so that the heaps can be compared.
  const limits = { historyMs: 2_000, handlerMs: 2_000, leaveGraceMs: 100 };
  const server = new AppServer(runtime, { limits, boundsJournal: true }, `${runtime}.ts`);
  try {
    const port = await server.listen();
    const subscriber = await ReferenceSubscriber.open(port, server);
    const source = new FrameSource(seed);
    const attackers = Array.from(
      { length: ATTACKERS },
      (_, n) => new Attacker(String(n), source, { port, origin: ORIGIN }),
    );
    let sent = 0;
    const attackUpTo = async (end: number): Promise<number> => {
      const takeFrame = (): boolean => {
        if (sent >= end) return false;
        if (++sent % 10_000 === 0) onProgress?.(sent);
        return true;
      };
      await Promise.all(attackers.map((attacker) => attacker.run(takeFrame)));
      return settledHeap(server);
    };
    const heapBefore = await attackUpTo(Math.ceil(frames / 10));
    let heapAfter = await attackUpTo(frames);
    const deadline = performance.now() + forgetMs;
    while (heapAfter > heapBefore + HEAP_SLACK && performance.now() < deadline) {
      await pause(10_000);
      heapAfter = await settledHeap(server);
    }
    const { missed, received } = await subscriber.finish();
    const health = (await server.command("health")) as { unhandled: string[]; polluted: boolean };
    const log = (await server.command("log")) as string[];
    return {
      frames: sent,
      connections: attackers.reduce((sum, { connections }) => sum + connections, 0),
      received,
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

/** The heap after a collection, once only the healthy client is connected and every grace period is over. */
async function settledHeap(server: AppServer): Promise<number> {
  const connections = async (): Promise<number> =>
    ((await server.command("stats")) as { totalConnections: number }).totalConnections;
  await until("the attackers to be disconnected", async () => (await connections()) === 1, 20_000);
  await until("the grace period to end", async () => {
    const { total } = (await server.command("listUsers")) as { total: number };
    return total === 1;
  });
  return ((await server.command("memory")) as Memory).heap;
}
