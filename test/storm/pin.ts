// One signed-in user who fills the server's memory, within the default limits: 64 KiB messages into hundreds of rooms.
// `pnpm storm --pin` runs it for 120 s with 20 connections and 800 rooms, the robustness suite a small part of it.
// `pinFaults` names the bounds that the run exceeded: memory, the p99 of others, and what is free afterwards.
import { DEFAULT_LIMITS } from "@halyard/server";
import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { p99Of } from "../support/p99.ts";
import { RawClient } from "../support/raw-client.ts";
import { ORIGIN } from "../support/test-app.ts";
import { PinningClient } from "./pinning-client.ts";

const MIB = 1024 * 1024;
const BUDGET_BYTES = 256 * MIB;
const SPARE_MIB = 200;
const MAX_P99_MS = 50;
/** What may be left on the heap beside the history: code that the engine has compiled meanwhile, and free lists. */
const LEFT_MIB = 16;
const SAMPLE_MS = 100;

export interface PinOptions {
  readonly runtime: Runtime;
  readonly seconds: number;
  readonly connections: number;
  readonly rooms: number;
  /** How often each connection of the attacker reconnects. @default never */
  readonly reconnectMs?: number;
  /** How long after the attack the memory is measured. */
  readonly restSeconds: number;
  /** @default the server's own */
  readonly budgetBytes?: number;
  /** Node: `--max-old-space-size`, in MiB. @default none */
  readonly maxHeapMib?: number;
}

/** Memory in MiB, times in ms. */
export interface PinReport {
  readonly budgetMib: number;
  readonly startMib: number;
  readonly mostMib: number;
  readonly historyMib: number;
  readonly evicted: number;
  readonly heapStartMib: number;
  /** On the heap after the rest, without what the history still holds: it ends with its age. */
  readonly heapLeftMib: number;
  readonly residentLeftMib: number;
  readonly quietP99Ms: number;
  readonly p99Ms: number;
  readonly sent: number;
}

/** Runs the attack beside five clients of others, and measures the server's process. */
export async function pin(options: PinOptions): Promise<PinReport> {
  const { runtime, seconds, restSeconds, budgetBytes = BUDGET_BYTES, maxHeapMib } = options;
  const limits = {
    ...DEFAULT_LIMITS,
    ...(options.budgetBytes === undefined ? {} : { historyTotalBytes: budgetBytes }),
  };
  const runtimeFlags =
    runtime === "node" && maxHeapMib !== undefined ? [`--max-old-space-size=${String(maxHeapMib)}`] : [];
  const server = new AppServer(runtime, { boundsJournal: true, limits, runtimeFlags }, `${runtime}.ts`);
  const others: RawClient[] = [];
  const attackers: PinningClient[] = [];
  try {
    const port = await server.listen();
    for (let n = 0; n < 5; n++) others.push(await connect(port, `other-${String(n)}`));
    await server.command("memory");
    const heapStart = await heapOf(server);
    const start = await residentOf(server);
    const quiet = await observe({ server, others, ms: Math.min(10_000, seconds * 500) });
    for (let n = 0; n < options.connections; n++)
      attackers.push(new PinningClient(port, roomsOf(n, options), options.reconnectMs));
    const attacked = await observe({ server, others, ms: seconds * 1_000 });
    const history = (await server.command("history")) as { bytes: number; evicted: number } | null;
    for (const attacker of attackers) attacker.stop();
    await pause(restSeconds * 1_000);
    await server.command("memory");
    const left = (await server.command("history")) as { bytes: number } | null;
    return {
      budgetMib: Math.round(budgetBytes / MIB),
      startMib: toMib(start),
      mostMib: toMib(attacked.mostResident),
      historyMib: toMib(history?.bytes ?? 0),
      evicted: history?.evicted ?? 0,
      heapStartMib: toMib(heapStart),
      heapLeftMib: toMib((await heapOf(server)) - (left?.bytes ?? 0)),
      residentLeftMib: toMib(await residentOf(server)),
      quietP99Ms: Math.round(p99Of(quiet.times)),
      p99Ms: Math.round(p99Of(attacked.times)),
      sent: attackers.reduce((sum, attacker) => sum + attacker.sent, 0),
    };
  } finally {
    for (const attacker of attackers) attacker.stop();
    await server.stop();
    await Promise.allSettled(others.map(async (client) => client.cut()));
  }
}

/** The bounds that the run exceeded, in words. */
export function pinFaults({
  budgetMib,
  startMib,
  mostMib,
  heapStartMib,
  heapLeftMib,
  quietP99Ms,
  p99Ms,
}: PinReport): string[] {
  const mayTake = startMib + budgetMib + SPARE_MIB;
  return [
    ...(mostMib > mayTake ? [`the process took ${String(mostMib)} MiB, more than ${String(mayTake)}`] : []),
    ...(p99Ms > Math.max(MAX_P99_MS, 3 * quietP99Ms)
      ? [`the p99 of others was ${String(p99Ms)} ms, ${String(quietP99Ms)} ms without the attacker`]
      : []),
    ...(heapLeftMib > heapStartMib + LEFT_MIB
      ? [`${String(heapLeftMib - heapStartMib)} MiB were left on the heap`]
      : []),
  ];
}

function roomsOf(connection: number, { connections, rooms }: PinOptions): string[] {
  const each = Math.ceil(rooms / connections);
  return Array.from({ length: each }, (_, n) => `pinned-${String(connection * each + n)}`);
}

async function connect(port: number, user: string): Promise<RawClient> {
  const headers = { cookie: `session=${user}`, origin: ORIGIN };
  return new RawClient({ url: `ws://127.0.0.1:${String(port)}/ws`, headers }).open();
}

/** Round trips of others, and the most memory meanwhile. */
async function observe({
  server,
  others,
  ms,
}: {
  readonly server: AppServer;
  readonly others: readonly RawClient[];
  readonly ms: number;
}): Promise<{ readonly times: readonly number[]; readonly mostResident: number }> {
  const times: number[] = [];
  let mostResident = 0;
  for (const until = performance.now() + ms; performance.now() < until;) {
    await Promise.all(
      others.map(async (client) => {
        const sentAt = performance.now();
        await client.sync();
        times.push(performance.now() - sentAt);
        client.frames.length = 0;
      }),
    );
    mostResident = Math.max(mostResident, await residentOf(server));
    await pause(SAMPLE_MS);
  }
  return { times, mostResident };
}

async function residentOf(server: AppServer): Promise<number> {
  return (await server.command("rss")) as number;
}

async function heapOf(server: AppServer): Promise<number> {
  return ((await server.command("memory")) as { readonly heap: number }).heap;
}

function toMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
