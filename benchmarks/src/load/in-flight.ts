/**
 * Keeps a server busy without flooding it: a new message is sent whenever one has arrived.
 * Used by the workloads that measure CPU per delivery.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import { UsageMeter } from "./cpu.ts";
import type { Usage } from "./cpu.ts";
import type { ClientPool } from "./client-pool.ts";

export interface InFlightOptions {
  readonly clients: ClientPool;
  readonly serverPid: number;
  /** Messages that were sent and that no watcher has received yet. */
  readonly inFlight: number;
  readonly durationMs: number;
  /** Connections of which exactly one receives each message, after most other receivers of it. */
  readonly watchers: readonly Connection[];
  /** Sends so many more messages. */
  readonly send: (count: number) => void;
  /** Deliveries so far. */
  readonly delivered: () => number;
}

const DRAIN_MS = 5_000;

export interface InFlightResult {
  readonly usage: Usage;
  readonly deliveries: number;
}

/** Measures what the server uses while it always has so many messages in flight. */
export async function keepInFlight(options: InFlightOptions): Promise<InFlightResult> {
  const { clients, watchers, send, delivered, durationMs } = options;
  let isRunning = true;
  for (const watcher of watchers) {
    watcher.onTexts = (count) => {
      if (isRunning) send(count);
    };
  }
  send(options.inFlight);
  // Not measured: the runtime still compiles.
  await pause(durationMs);
  const meter = new UsageMeter(options.serverPid);
  const before = delivered();
  await pause(durationMs);
  const usage = meter.read();
  const deliveries = delivered() - before;
  isRunning = false;
  for (const watcher of watchers) watcher.onTexts = undefined;
  await drain(clients);
  clients.assertNoneEnded();
  return { usage, deliveries };
}

/** Waits for messages in flight, which must not be counted in the next measurement. */
async function drain(clients: ClientPool): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  for (let last = -1; last !== clients.texts && performance.now() < deadline;) {
    last = clients.texts;
    await pause(100);
  }
}
