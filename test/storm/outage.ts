import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { until } from "../support/wait.ts";
import { Herd } from "./client-pool.ts";

/** semantics: all are back within 30 s, and the busiest 100 ms gets at most 4.5 times the mean. */
const BACK_MS = 30_000;
const PATIENCE_MS = 120_000;
export const BUSIEST = 4.5;
const SLICE_MS = 100;
const MOST = 0.95;
const LATE = 0.99;

export interface StormOptions {
  readonly runtime: Runtime;
  readonly clients: number;
  readonly pausesMs: readonly number[];
  readonly seed: number;
  readonly onProgress?: (text: string) => void;
}

/**
 * What one outage was like. Times are in milliseconds since the first attempt that succeeded. Attempts count when they
 * were due: that is what 5,000 machines would do. One process with all of them is late with them, and then makes up for
 * it at once; by how much is told too.
 */
export interface Outage {
  readonly pauseMs: number;
  /** From the kill to the first attempt that succeeded: the pause, and the time that a process needs to start. */
  readonly awayMs: number;
  /** So late, or less, were 99 of 100 attempts begun. */
  readonly lateMs: number;
  readonly failures: number;
  readonly busiest: number;
  readonly mean: number;
  readonly ratio: number;
  readonly mostBackMs: number;
  readonly allBackMs: number;
  /** Clients that are open, were told once of what is lost, and hear what is live. */
  readonly open: number;
  readonly told: number;
  readonly live: number;
}

/** Kills a server under a herd of clients, starts it again after a while, and watches them return. */
export async function storm({
  runtime,
  clients,
  pausesMs,
  seed,
  onProgress,
}: StormOptions): Promise<Outage[]> {
  const options = { forgets: true, builtIns: { presence: "rooms" as const } };
  const start = (port: number): AppServer => new AppServer(runtime, { ...options, port }, `${runtime}.ts`);
  let server = start(0);
  const port = await server.listen();
  const herd = new Herd({ clients, port, seed });
  const outages: Outage[] = [];
  try {
    await herd.connect(500);
    await until("all clients to be open", () => herd.open === clients, PATIENCE_MS);
    for (const pauseMs of pausesMs) {
      // So that they have a position in `all`, and n is 0 again: the back-off resets after 5 s open.
      await server.command("announce", { message: "before" });
      await pause(5_500);
      herd.forget();
      onProgress?.(`killed, away for ${String(pauseMs)} ms`);
      const killedAt = performance.now();
      await server.stop();
      await pause(pauseMs);
      server = start(port);
      await server.listen();
      await until("all clients to be back", () => herd.open === clients, PATIENCE_MS).catch(() => {
        onProgress?.(`not all are back: ${JSON.stringify(herd.states)}`);
      });
      const live = `live after ${String(pauseMs)}`;
      await server.command("announce", { message: live });
      await until("everybody to hear what is live", () => herd.heard(live) === clients).catch(() => false);
      const outage = {
        pauseMs,
        ...spread(herd, killedAt),
        failures: herd.failures,
        open: herd.open,
        told: herd.told,
        live: herd.heard(live),
      };
      onProgress?.(JSON.stringify(outage));
      outages.push(outage);
    }
  } finally {
    herd.close();
    await server.stop();
  }
  return outages;
}

/** How the attempts that succeeded were spread over time, had each begun when it was due. */
function spread(
  herd: Herd,
  killedAt: number,
): Pick<Outage, "awayMs" | "lateMs" | "busiest" | "mean" | "ratio" | "mostBackMs" | "allBackMs"> {
  const { dues, delays, opens } = herd.returns();
  const firstAt = dues[0] ?? 0;
  const most = dues.slice(0, Math.ceil(dues.length * MOST));
  const spanMs = Math.max(SLICE_MS, (most.at(-1) ?? 0) - firstAt);
  const slices = new Map<number, number>();
  for (const at of most) {
    const slice = Math.floor((at - firstAt) / SLICE_MS);
    slices.set(slice, (slices.get(slice) ?? 0) + 1);
  }
  const busiest = Math.max(...slices.values());
  const mean = most.length / (spanMs / SLICE_MS);
  return {
    awayMs: Math.round(firstAt - killedAt),
    lateMs: Math.round(delays[Math.floor(delays.length * LATE)] ?? 0),
    busiest,
    mean: Math.round(mean * 10) / 10,
    ratio: Math.round((busiest / mean) * 100) / 100,
    mostBackMs: Math.round(spanMs),
    allBackMs: Math.round((opens.at(-1) ?? 0) - firstAt),
  };
}

/** What did not hold. */
export function faultsOf(outages: readonly Outage[], clients: number): string[] {
  return outages.flatMap(({ pauseMs, ratio, allBackMs, open, told, live }) => {
    const faults = [
      ...(ratio > BUSIEST ? [`the busiest 100 ms had ${String(ratio)} times the mean`] : []),
      ...(allBackMs > BACK_MS ? [`the last was back after ${String(allBackMs)} ms`] : []),
      ...(open < clients ? [`${String(clients - open)} did not come back`] : []),
      ...(told < clients ? [`${String(clients - told)} were not told once of what is lost`] : []),
      ...(live < clients ? [`${String(clients - live)} did not hear what is live`] : []),
    ];
    return faults.map((fault) => `${String(pauseMs)} ms away: ${fault}`);
  });
}
