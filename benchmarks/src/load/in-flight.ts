/**
 * Keeps a fixed number of messages in flight: sends a new message whenever one has arrived.
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
  /** The number of messages that were sent and that no watcher has received. */
  readonly inFlight: number;
  readonly durationMs: number;
  /** The connections that watch for arrivals. Exactly one of them receives each message, after most other receivers. */
  readonly watchers: readonly Connection[];
  /** Sends a number of messages. */
  readonly send: (count: number) => void;
  /** The number of deliveries so far. */
  readonly delivered: () => number;
}

const DRAIN_MS = 5_000;

export interface InFlightResult {
  readonly usage: Usage;
  readonly deliveries: number;
}

/** Measures the CPU time of the server with a fixed number of messages in flight. */
export async function keepInFlight(options: InFlightOptions): Promise<InFlightResult> {
  const { clients, watchers, send, delivered, durationMs } = options;
  let isRunning = true;
  for (const watcher of watchers) {
    watcher.onTexts = (count) => {
      if (isRunning) send(count);
    };
  }
  send(options.inFlight);
  // A warm-up, in which the runtime compiles.
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

/** Waits for the messages in flight, which the next measurement must not count. */
async function drain(clients: ClientPool): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  for (let last = -1; last !== clients.texts && performance.now() < deadline;) {
    last = clients.texts;
    await pause(100);
  }
}
