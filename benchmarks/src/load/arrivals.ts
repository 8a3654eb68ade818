/** The workloads of connections that open and stay: the cost of a connect, and the memory of an idle connection. */
import { setTimeout as pause } from "node:timers/promises";
import { ClientPool } from "./client-pool.ts";
import type { ClientPoolOptions } from "./client-pool.ts";
import { UsageMeter } from "./cpu.ts";
import { costs, prefix } from "./figures.ts";
import type { Figures, JobOf, Memory } from "./job.ts";

export interface MemoryOptions extends ClientPoolOptions {
  /** Reads the memory of the server after garbage collection. */
  readonly requestMemory: () => Promise<Memory>;
}

/** The number of connections after which the code for a connect is compiled, and the list of users has its full length. */
const WARM_UP = 300;

/** Measures the CPU time of a connect: handshake, sign-in (stubbed), welcome, list of users. */
export async function connects(job: JobOf<"connects">, options: ClientPoolOptions): Promise<Figures> {
  const clients = new ClientPool(options);
  try {
    await clients.grow(Math.min(WARM_UP, job.connections));
    await clients.settle();
    const { serverPid } = job;
    const early = await measureGrowth("empty", clients, { count: job.connections, serverPid });
    const late = await measureGrowth("full", clients, { count: job.late, serverPid });
    return { ...early, ...late };
  } finally {
    clients.destroy();
  }
}

/** Measures the memory of idle connections. */
export async function idle(job: JobOf<"idle">, options: MemoryOptions): Promise<Figures> {
  const clients = new ClientPool(options);
  try {
    const before = await measureMemory(clients, job.from, options);
    const after = await measureMemory(clients, job.to - job.from, options);
    clients.assertNoneEnded();
    return growthOf(before, after, job.to - job.from);
  } finally {
    clients.destroy();
  }
}

/** Measures both for clients with a session. */
export async function signedIn(job: JobOf<"signed-in">, options: MemoryOptions): Promise<Figures> {
  const clients = new ClientPool(options);
  try {
    const before = await measureMemory(clients, job.from, options);
    // The code is compiled again, because the garbage collection may have discarded it.
    await clients.grow(WARM_UP);
    await clients.settle();
    const count = job.to - job.from - WARM_UP;
    const connect = await measureGrowth("connect", clients, { count, serverPid: job.serverPid });
    const after = await measureMemory(clients, 0, options);
    clients.assertNoneEnded();
    return { ...connect, ...growthOf(before, after, job.to - job.from) };
  } finally {
    clients.destroy();
  }
}

async function measureGrowth(
  name: string,
  clients: ClientPool,
  { count, serverPid }: { readonly count: number; readonly serverPid: number },
): Promise<Figures> {
  const meter = new UsageMeter(serverPid);
  await clients.grow(count);
  const figures = costs(name, meter.read(), count);
  await clients.settle();
  clients.assertNoneEnded();
  return figures;
}

async function measureMemory(
  clients: ClientPool,
  more: number,
  { requestMemory }: MemoryOptions,
): Promise<Memory> {
  await clients.grow(more);
  await clients.settle();
  await pause(500);
  return requestMemory();
}

/** The memory per connection, in KiB. */
function growthOf(before: Memory, after: Memory, connections: number): Figures {
  return prefix("idle", {
    rssKib: (after.rss - before.rss) / 1024 / connections,
    heapKib: (after.heap - before.heap) / 1024 / connections,
  });
}
