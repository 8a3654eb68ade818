// One signed-in user who fills the server's memory, within the default limits: 64 KiB messages into hundreds of rooms.
// `pnpm storm --pin` runs it for 120 s with 20 connections and 800 rooms, the robustness suite a small part of it.
// Server, attacker and the users who are measured are three processes. `pinBounds` compares a report with its bounds.
import { DEFAULT_LIMITS } from "@halyard/server";
import type { ServerLimits } from "@halyard/server";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { Child } from "../support/child.ts";
import { p99Of } from "../support/p99.ts";
import type { AttackersInput } from "./attackers.ts";
import { atMost } from "./bound.ts";
import type { Bound } from "./bound.ts";
import type { BystandersInput, BystanderTimes } from "./bystanders.ts";
import { peakMemoryOf, timesOf } from "./process-figures.ts";

const MIB = 1024 * 1024;
const BUDGET_BYTES = 256 * MIB;
const SPARE_MIB = 200;
const MAX_P99_MS = 50;
/** The growth of the heap beside the history: code that the engine has compiled meanwhile, and free lists. */
const LEFT_MIB = 16;
const SAMPLE_MS = 1_000;

export interface PinOptions {
  readonly runtime: Runtime;
  readonly seconds: number;
  readonly connections: number;
  readonly rooms: number;
  /** The interval between the reconnects of each connection of the attacker, in ms. @default no reconnects */
  readonly reconnectMs?: number | undefined;
  /** The time between the attack and the last measurement of the memory. */
  readonly restSeconds: number;
  /** The limit `historyTotalBytes`. @default 256 MiB, as in a server */
  readonly budgetBytes?: number;
  /** Limits in place of the defaults. @default none */
  readonly limits?: Partial<ServerLimits>;
  /** The option `--max-old-space-size` of Node, in MiB. @default none */
  readonly maxHeapMib?: number | undefined;
}

/** The figures of a part of the run; times in ms. */
interface Observation {
  /** The 99th percentile of the round trips of the other users. */
  readonly p99Ms: number;
  /** The 99th percentile of the timer delays of the process that measures. */
  readonly ownDelayMs: number;
  /** The longest delay of the server's event loop. */
  readonly lagMs: number;
  /** The time that the main thread of the server ran, in percent of the elapsed time. */
  readonly cpuPercent: number;
  /** The time that the main thread was ready to run and no core was free, in percent of the elapsed time. */
  readonly waitedPercent: number;
}

/** Memory in MiB. */
export interface PinReport {
  readonly budgetMib: number;
  readonly startMib: number;
  readonly mostMib: number;
  readonly historyMib: number;
  readonly evicted: number;
  readonly heapStartMib: number;
  /** The heap after the rest, without the history, which ends with its age. */
  readonly heapLeftMib: number;
  readonly historyLeftMib: number;
  readonly residentLeftMib: number;
  readonly quiet: Observation;
  readonly attacked: Observation;
  /** The number of sends of the attacker that the server has stored. */
  readonly sent: number;
}

/** Runs the attack beside five other users, and measures the process of the server. */
export async function pin(options: PinOptions): Promise<PinReport> {
  const { seconds, restSeconds, budgetBytes = BUDGET_BYTES, connections, rooms, reconnectMs } = options;
  const server = startServer(options);
  const children: Child[] = [];
  const start = (program: string, input: BystandersInput | AttackersInput): Child => {
    const child = new Child(join(import.meta.dirname, program), input);
    children.push(child);
    return child;
  };
  try {
    const port = await server.listen();
    const bystanders = start("bystanders.ts", { port });
    await bystanders.command("start");
    const heapStart = await heapOf(server);
    const startMib = toMib(await residentOf(server));
    const quiet = await observe(server, bystanders, Math.min(10_000, seconds * 500));
    const attackers = start("attackers.ts", { port, connections, rooms, reconnectMs });
    const attacked = await observe(server, bystanders, seconds * 1_000);
    const mostMib = toMib(peakMemoryOf(server.pid));
    const history = await historyOf(server);
    const sent = await attackers.command<number>("stop");
    await pause(restSeconds * 1_000);
    const heapLeft = await heapOf(server);
    const left = await historyOf(server);
    return {
      budgetMib: Math.round(budgetBytes / MIB),
      startMib,
      mostMib,
      historyMib: toMib(history.bytes),
      evicted: history.evicted,
      heapStartMib: toMib(heapStart),
      heapLeftMib: toMib(heapLeft - left.bytes),
      historyLeftMib: toMib(left.bytes),
      residentLeftMib: toMib(await residentOf(server)),
      quiet,
      attacked,
      sent,
    };
  } finally {
    await Promise.allSettled(children.map(async (child) => child.kill()));
    await server.stop();
  }
}

/** Each figure of a run beside its bound. */
export function pinBounds(report: PinReport): readonly Bound[] {
  const { attacked, budgetMib, heapLeftMib, heapStartMib, quiet, startMib } = report;
  return [
    atMost("resident, MiB", report.mostMib, startMib + budgetMib + SPARE_MIB),
    atMost("p99 of others, ms", attacked.p99Ms, Math.max(MAX_P99_MS, 3 * quiet.p99Ms)),
    atMost("heap left, MiB", heapLeftMib, heapStartMib + LEFT_MIB),
  ];
}

function startServer({ runtime, budgetBytes, maxHeapMib, limits: given }: PinOptions): AppServer {
  const limits = {
    ...DEFAULT_LIMITS,
    ...(budgetBytes === undefined ? {} : { historyTotalBytes: budgetBytes }),
    ...given,
  };
  const runtimeFlags =
    runtime === "node" && maxHeapMib !== undefined ? [`--max-old-space-size=${String(maxHeapMib)}`] : [];
  return new AppServer(runtime, { boundsJournal: true, limits, runtimeFlags }, `${runtime}.ts`);
}

async function observe(server: AppServer, bystanders: Child, ms: number): Promise<Observation> {
  await bystanders.command<BystanderTimes>("read");
  const [before, startedAt] = [timesOf(server.pid), performance.now()];
  let lagMs = 0;
  for (const until = startedAt + ms; performance.now() < until;) {
    await pause(Math.min(SAMPLE_MS, ms));
    const { max } = (await server.command("eventLoopLag")) as { readonly max: number };
    lagMs = Math.max(lagMs, max);
  }
  const [after, elapsedMs] = [timesOf(server.pid), performance.now() - startedAt];
  const { roundTrips, delays } = await bystanders.command<BystanderTimes>("read");
  const percent = (part: number): number => Math.round((100 * part) / elapsedMs);
  return {
    p99Ms: Math.round(p99Of(roundTrips)),
    ownDelayMs: Math.round(p99Of(delays)),
    lagMs: Math.round(lagMs),
    cpuPercent: percent(after.cpuMs - before.cpuMs),
    waitedPercent: percent(after.waitedMs - before.waitedMs),
  };
}

async function historyOf(server: AppServer): Promise<{ readonly bytes: number; readonly evicted: number }> {
  const history = (await server.command("history")) as { bytes: number; evicted: number } | null;
  return history ?? { bytes: 0, evicted: 0 };
}

async function residentOf(server: AppServer): Promise<number> {
  return (await server.command("rss")) as number;
}

/** The heap after a full collection. */
async function heapOf(server: AppServer): Promise<number> {
  return ((await server.command("memory")) as { readonly heap: number }).heap;
}

function toMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
