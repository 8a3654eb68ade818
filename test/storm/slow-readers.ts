import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { p99Of } from "../support/p99.ts";
import { RawClient } from "../support/raw-client.ts";
import type { ConnectOptions } from "../support/raw-client.ts";
import { ORIGIN } from "../support/test-app.ts";
import type { Stats } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

const MIB = 1024 * 1024;
const PADDING = 10_000;
/** The kernel takes in some 4 MB for each of them before anything waits in the server. */
const MESSAGES = 1_200;
/** How much is sent to all of them together: more is a test of the machine. */
const BYTES_PER_SECOND = 200 * MIB;
const AT_ONCE = 50;
const MOST_P99_MS = 100;

export interface ReadersReport {
  readonly readers: number;
  readonly seconds: number;
  /** How far the resident memory rose, at its highest. */
  readonly grownMib: number;
  /** Of somebody who reads, while all of this goes on. */
  readonly p99Ms: number;
}

/** Sends to many who have stopped reading, until the server has closed them all; and talks to one who reads. */
export async function slowReaders(runtime: Runtime, readers: number): Promise<ReadersReport> {
  const server = new AppServer(runtime, { forgets: true, limits: { stalledMs: 2_000 } }, `${runtime}.ts`);
  const clients: RawClient[] = [];
  const open = async (options: ConnectOptions): Promise<RawClient> => {
    const client = await new RawClient(options).open();
    clients.push(client);
    return client;
  };
  try {
    const port = await server.listen();
    for (let n = 0; n < readers; n += AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, readers - n) }, async (_, m) => open(visitor(port, n + m))),
      );
    for (const client of clients) client.pause();
    const healthy = await open(visitor(port, readers));
    return await observe(server, healthy, readers);
  } finally {
    await server.stop();
    // What has come for them is not read: it would take longer than all the rest.
    await Promise.allSettled(clients.map(async (client) => client.cut()));
  }
}

/** What did not hold. */
export function readersFaults({ readers, grownMib, p99Ms }: ReadersReport): string[] {
  return [
    ...(grownMib > readers ? [`memory rose by ${String(grownMib)} MiB`] : []),
    ...(p99Ms > MOST_P99_MS ? [`the p99 of a healthy client was ${String(p99Ms)} ms`] : []),
  ];
}

async function observe(server: AppServer, healthy: RawClient, readers: number): Promise<ReadersReport> {
  const rss = async (): Promise<number> => (await server.command("rss")) as number;
  await server.command("memory");
  const [before, startedAt] = [await rss(), performance.now()];
  let most = before;
  const everyMs = Math.ceil((1_000 * PADDING * readers) / BYTES_PER_SECOND);
  const times: number[] = [];
  let isTold = false;
  const once = async (): Promise<void> => {
    const sentAt = performance.now();
    await healthy.sync();
    times.push(performance.now() - sentAt);
  };
  // In pieces: each command is answered in time.
  const tell = async (): Promise<void> => {
    for (let sent = 0; sent < MESSAGES; sent += 20)
      await server.command("tell", { count: 20, padding: PADDING, everyMs });
    isTold = true;
  };
  const watch = async (): Promise<void> => {
    while (!isTold) {
      await once();
      most = Math.max(most, await rss());
      await pause(5);
    }
  };
  await Promise.all([tell(), watch()]);
  const areGone = async () => ((await server.command("stats")) as Stats).totalConnections === 1;
  await until("all who do not read to be gone", areGone, 30_000);
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const grownMib = Math.round((most - before) / MIB);
  return { readers, seconds, grownMib, p99Ms: Math.round(p99Of(times)) };
}

function visitor(port: number, n: number): ConnectOptions {
  const headers = { cookie: `session=reader-${String(n)}`, origin: ORIGIN };
  return {
    url: `ws://127.0.0.1:${String(port)}/ws`,
    headers,
    localAddress: `127.0.0.${String(2 + (n % 8))}`,
  };
}
