/**
 * Traffic for the measured page: a sender and a receiver with connections to the same server. Used by `page-workload.ts`.
 * The sender sends as fast as the receiver receives.
 */
import { setTimeout as pause } from "node:timers/promises";
import { ClientPool } from "../load/client-pool.ts";
import { dialects } from "../load/dialect.ts";
import { textFrame } from "../load/frames.ts";
import { keepInFlight } from "../load/in-flight.ts";
import { LatencyMeter } from "../load/latency.ts";
import type { ServerProcess } from "../processes/server-process.ts";
import type { ServerSpec } from "../processes/servers.ts";
import { itemAt } from "../utils/item-at.ts";

const CONNECT_TIMEOUT_MS = 30_000;
/** A message of 128 B, without `{"type":"posted","text":""}`. */
const TEXT_BYTES = 101;

export interface PageTraffic extends Disposable {
  /** Sends for a time, and resolves when the page has received all messages. */
  readonly sendFor: (durationMs: number) => Promise<void>;
}

export interface PageTrafficOptions {
  readonly spec: ServerSpec;
  readonly server: ServerProcess;
  /** Reads the number of messages that the page has received. */
  readonly received: () => Promise<number>;
}

export async function startPageTraffic({ spec, server, received }: PageTrafficOptions): Promise<PageTraffic> {
  const dialect = dialects[spec.dialects.plain];
  const clients = new ClientPool({ dialect, port: server.port, isCompressed: false });
  await clients.grow(2);
  const [sender, watcher] = [itemAt(clients.connections, 0), itemAt(clients.connections, 1)];
  const send = (count: number): void => {
    const texts = Array.from({ length: count }, () =>
      dialect.post(LatencyMeter.stamp(TEXT_BYTES), ++sender.seq),
    );
    sender.write(Buffer.concat(texts.map(textFrame)));
  };
  await waitUntilReceived(() => send(1), received);
  return {
    sendFor: async (durationMs) => {
      const serverPid = server.process.pid ?? 0;
      const delivered = (): number => watcher.texts;
      await keepInFlight({
        clients,
        serverPid,
        inFlight: 16,
        durationMs,
        watchers: [watcher],
        send,
        delivered,
      });
      clients.assertNoneEnded();
      await waitUntilQuiet(received);
    },
    [Symbol.dispose]: () => clients.destroy(),
  };
}

/** Sends until the page receives a message, because a loaded page may not be connected yet. */
async function waitUntilReceived(send: () => void, received: () => Promise<number>): Promise<void> {
  const deadline = performance.now() + CONNECT_TIMEOUT_MS;
  while ((await received()) === 0) {
    if (performance.now() > deadline) throw new Error("the page does not connect");
    send();
    await pause(50);
  }
  await waitUntilQuiet(received);
}

async function waitUntilQuiet(received: () => Promise<number>): Promise<void> {
  let count = -1;
  for (let last = -2; last !== count; count = await received()) {
    last = count;
    await pause(200);
  }
}
