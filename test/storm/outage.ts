// Kills a server with many connected clients and restarts it.
// `pnpm storm` runs it with 5,000 clients and four pauses, the conformance suite with 200 and one.
// `faultsOf` names the bounds that an outage exceeded.
import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { until } from "../support/wait.ts";
import { ClientPool } from "./client-pool.ts";

/** The bounds: all clients are connected again within 30 s, and the busiest 100 ms has at most 4.5 times the mean of attempts. */
const MAX_BACK_MS = 30_000;
const CONNECT_TIMEOUT_MS = 120_000;
const MAX_RATIO = 4.5;
const SLICE_MS = 100;
/** The first 95 % of the attempts count for the mean and for the busiest 100 ms. */
const MOST_SHARE = 0.95;
const LATE_SHARE = 0.99;

export interface StormOptions {
  readonly runtime: Runtime;
  readonly clients: number;
  readonly pausesMs: readonly number[];
  readonly seed: number;
  readonly onProgress?: (text: string) => void;
}

/**
 * The result of one outage. Times are in milliseconds since the first successful attempt. An attempt counts when it was
 * due, as it would on 5,000 machines: one process with all clients begins its attempts late, by `lateMs`.
 */
export interface Outage {
  readonly pauseMs: number;
  /** The time from the kill to the first successful attempt: the pause, and the start of the new process. */
  readonly awayMs: number;
  /** The 99th percentile of the delays of attempts. */
  readonly lateMs: number;
  readonly failures: number;
  readonly busiest: number;
  readonly mean: number;
  readonly ratio: number;
  readonly mostBackMs: number;
  readonly allBackMs: number;
  /** The number of clients that are connected. */
  readonly open: number;
  /** The number of clients with exactly one gap. */
  readonly withOneGap: number;
  /** The number of clients that received the announcement after the outage. */
  readonly live: number;
}

/** Kills a server with many connected clients, restarts it after each pause, and measures how the clients return. */
export async function storm({
  runtime,
  clients,
  pausesMs,
  seed,
  onProgress,
}: StormOptions): Promise<Outage[]> {
  const options = { boundsJournal: true, builtIns: { presence: "rooms" as const } };
  const start = (port: number): AppServer => new AppServer(runtime, { ...options, port }, `${runtime}.ts`);
  let server = start(0);
  const port = await server.listen();
  const pool = new ClientPool({ clients, port, seed });
  const outages: Outage[] = [];
  try {
    await pool.connect(500);
    await until("all clients to be open", () => pool.open === clients, CONNECT_TIMEOUT_MS);
    for (const pauseMs of pausesMs) {
      // The announcement gives every client a position in `all`. The backoff of a client resets after 5 s open.
      await server.command("announce", { message: "before" });
      await pause(5_500);
      pool.reset();
      onProgress?.(`killed, away for ${String(pauseMs)} ms`);
      const killedAt = performance.now();
      await server.stop();
      await pause(pauseMs);
      server = start(port);
      await server.listen();
      await until("all clients to be back", () => pool.open === clients, CONNECT_TIMEOUT_MS).catch(() => {
        onProgress?.(`not all are back: ${JSON.stringify(pool.states)}`);
      });
      const live = `live after ${String(pauseMs)}`;
      await server.command("announce", { message: live });
      await until(
        "every client to receive the live announcement",
        () => pool.received(live) === clients,
      ).catch(() => false);
      const outage = {
        pauseMs,
        ...spread(pool, killedAt),
        failures: pool.failures,
        open: pool.open,
        withOneGap: pool.withOneGap,
        live: pool.received(live),
      };
      onProgress?.(JSON.stringify(outage));
      outages.push(outage);
    }
  } finally {
    pool.close();
    await server.stop();
  }
  return outages;
}

/** The distribution of the successful attempts over time, by their due times. */
function spread(
  pool: ClientPool,
  killedAt: number,
): Pick<Outage, "awayMs" | "lateMs" | "busiest" | "mean" | "ratio" | "mostBackMs" | "allBackMs"> {
  const { dues, delays, opens } = pool.returns();
  const firstAt = dues[0] ?? 0;
  const most = dues.slice(0, Math.ceil(dues.length * MOST_SHARE));
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
    lateMs: Math.round(delays[Math.floor(delays.length * LATE_SHARE)] ?? 0),
    busiest,
    mean: Math.round(mean * 10) / 10,
    ratio: Math.round((busiest / mean) * 100) / 100,
    mostBackMs: Math.round(spanMs),
    allBackMs: Math.round((opens.at(-1) ?? 0) - firstAt),
  };
}

/** A sentence for each bound that an outage exceeded. */
export function faultsOf(outages: readonly Outage[], clients: number): string[] {
  return outages.flatMap(({ pauseMs, ratio, allBackMs, open, withOneGap, live }) => {
    const faults = [
      ...(ratio > MAX_RATIO ? [`the busiest 100 ms had ${String(ratio)} times the mean`] : []),
      ...(allBackMs > MAX_BACK_MS ? [`the last was back after ${String(allBackMs)} ms`] : []),
      ...(open < clients ? [`${String(clients - open)} did not come back`] : []),
      ...(withOneGap < clients ? [`${String(clients - withOneGap)} had not exactly one gap`] : []),
      ...(live < clients ? [`${String(clients - live)} did not receive the live announcement`] : []),
    ];
    return faults.map((fault) => `${String(pauseMs)} ms away: ${fault}`);
  });
}
