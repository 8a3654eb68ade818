import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import { UsageMeter } from "./cpu.ts";
import type { Usage } from "./cpu.ts";
import type { Fleet } from "./client-pool.ts";

export interface WindowOptions {
  readonly fleet: Fleet;
  readonly serverPid: number;
  /** Messages that were sent and that no watcher has got yet. */
  readonly underWay: number;
  readonly durationMs: number;
  /** Connections that get each message once between them, and after most others. */
  readonly watchers: readonly Connection[];
  /** Sends so many more messages. */
  readonly send: (count: number) => void;
  /** What the audience has got. */
  readonly delivered: () => number;
}

const DRAIN_MS = 5_000;

export interface WindowResult {
  readonly usage: Usage;
  readonly deliveries: number;
}

/** Keeps so many messages under way for a while, and measures what that costs the server. */
export async function keepUnderWay(options: WindowOptions): Promise<WindowResult> {
  const { fleet, watchers, send, delivered, durationMs } = options;
  let isOn = true;
  for (const watcher of watchers) {
    watcher.onTexts = (count) => {
      if (isOn) send(count);
    };
  }
  send(options.underWay);
  // As long again, so that what runs hot is compiled.
  await pause(durationMs);
  const meter = new UsageMeter(options.serverPid);
  const before = delivered();
  await pause(durationMs);
  const usage = meter.read();
  const deliveries = delivered() - before;
  isOn = false;
  for (const watcher of watchers) watcher.onTexts = undefined;
  await drain(fleet);
  fleet.assertWhole();
  return { usage, deliveries };
}

/** What is under way when a measurement ends must not be counted in the next one. */
async function drain(fleet: Fleet): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  for (let last = -1; last !== fleet.texts && performance.now() < deadline;) {
    last = fleet.texts;
    await pause(100);
  }
}
