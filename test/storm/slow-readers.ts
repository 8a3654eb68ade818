// Lets many clients stop reading while the server sends to them.
// `pnpm storm` runs it with 1,000 clients.
// `readersFaults` names the exceeded bounds: 1 MiB of memory for each client, and 100 ms for a round trip of a client that reads.
import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { p99Of } from "../support/p99.ts";
import { RawClient } from "../support/raw-client.ts";
import type { ConnectOptions } from "../support/raw-client.ts";
import type { Stats } from "../support/test-app.ts";
import { until } from "../support/wait.ts";
import { connectOptions } from "./connect-options.ts";

const MIB = 1024 * 1024;
const PADDING = 10_000;
/** The kernel buffers some 4 MB for each client before the server has to. */
const MESSAGES = 1_200;
/** The rate at which the server sends to all clients together. A higher rate would test the machine. */
const BYTES_PER_SECOND = 200 * MIB;
const AT_ONCE = 50;
const MAX_P99_MS = 100;

export interface ReadersReport {
  readonly readers: number;
  readonly seconds: number;
  /** The highest growth of the resident memory, in MiB. */
  readonly grownMib: number;
  /** The 99th percentile of the round trips of a client that reads, in ms. */
  readonly p99Ms: number;
}

/** Sends to many clients that have stopped reading until the server has closed them all, beside a client that reads. */
export async function slowReaders(runtime: Runtime, readers: number): Promise<ReadersReport> {
  const server = new AppServer(
    runtime,
    { boundsJournal: true, limits: { stalledMs: 2_000 } },
    `${runtime}.ts`,
  );
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
        Array.from({ length: Math.min(AT_ONCE, readers - n) }, async (_, m) =>
          open(readerOptions(port, n + m)),
        ),
      );
    for (const client of clients) client.pause();
    const healthy = await open(readerOptions(port, readers));
    return await observe(server, healthy, readers);
  } finally {
    await server.stop();
    // A cut leaves the received bytes unread: reading them would take longer than the whole run.
    await Promise.allSettled(clients.map(async (client) => client.cut()));
  }
}

/** The bounds that the run exceeded, in words. */
export function readersFaults({ readers, grownMib, p99Ms }: ReadersReport): string[] {
  return [
    ...(grownMib > readers ? [`memory rose by ${String(grownMib)} MiB`] : []),
    ...(p99Ms > MAX_P99_MS ? [`the p99 of a healthy client was ${String(p99Ms)} ms`] : []),
  ];
}

async function observe(server: AppServer, healthy: RawClient, readers: number): Promise<ReadersReport> {
  const rss = async (): Promise<number> => (await server.command("rss")) as number;
  await server.command("memory");
  const [before, startedAt] = [await rss(), performance.now()];
  let most = before;
  const everyMs = Math.ceil((1_000 * PADDING * readers) / BYTES_PER_SECOND);
  const times: number[] = [];
  let isSent = false;
  const measure = async (): Promise<void> => {
    const sentAt = performance.now();
    await healthy.sync();
    times.push(performance.now() - sentAt);
  };
  // Twenty messages a command, so that each command is answered within its timeout.
  const publish = async (): Promise<void> => {
    for (let sent = 0; sent < MESSAGES; sent += 20)
      await server.command("publish", { count: 20, padding: PADDING, everyMs });
    isSent = true;
  };
  const watch = async (): Promise<void> => {
    while (!isSent) {
      await measure();
      most = Math.max(most, await rss());
      await pause(5);
    }
  };
  await Promise.all([publish(), watch()]);
  const areClosed = async () => ((await server.command("stats")) as Stats).totalConnections === 1;
  await until("every slow reader to be closed", areClosed, 30_000);
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const grownMib = Math.round((most - before) / MIB);
  return { readers, seconds, grownMib, p99Ms: Math.round(p99Of(times)) };
}

function readerOptions(port: number, n: number): ConnectOptions {
  return {
    ...connectOptions(port, `reader-${String(n)}`),
    localAddress: `127.0.0.${String(2 + (n % 8))}`,
  };
}
