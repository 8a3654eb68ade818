/**
 * The workload of one reader that stops reading while messages are sent to all.
 * Called by the load process.
 * Compares the latency of the other readers before and after, and the memory of the server.
 */
import { setTimeout as pause } from "node:timers/promises";
import { itemAt } from "../utils/item-at.ts";
import type { MemoryOptions } from "./arrivals.ts";
import { callAtRate } from "./call-at-rate.ts";
import { ClientPool } from "./client-pool.ts";
import type { Connection } from "./connection.ts";
import { prefix } from "./figures.ts";
import type { Figures, JobOf } from "./job.ts";
import { LatencyMeter } from "./latency.ts";

const SETTLE_MS = 2_500;
/** A reader that reads again receives its close frame within this time. */
const CLOSE_TIMEOUT_MS = 3_000;

export async function slowReader(job: JobOf<"slow-reader">, options: MemoryOptions): Promise<Figures> {
  const clients = new ClientPool(options);
  try {
    await clients.grow(job.connections + 2);
    await clients.settle();
    const [sender, slow] = [itemAt(clients.connections, 0), itemAt(clients.connections, 1)];
    const others = clients.connections.slice(2);
    const sending = callAtRate(job.messagesPerSecond, () => {
      sender.send(clients.dialect.post(LatencyMeter.stamp(job.bytes), ++sender.seq));
    });
    const phaseMs = (job.owedBytes / job.bytes / job.messagesPerSecond) * 1_000;
    // The runtime compiles, and memory grows to its normal size.
    await pause(phaseMs);
    const before = await options.requestMemory();
    // The garbage collection has stopped the server and has released memory that it allocates again.
    await pause(SETTLE_MS);
    // As long as the phase that it is compared with, so that as many garbage collections fall into it.
    const normal = await latencyFor(others, phaseMs);
    slow.pause();
    const stopped = await latencyFor(others, phaseMs);
    sending.stop();
    // Measured after garbage collection: memory that the server can reuse is no cost of the reader.
    const after = await options.requestMemory();
    slow.resume();
    for (let waited = 0; waited < CLOSE_TIMEOUT_MS && clients.endings.size === 0; waited += 100)
      await pause(100);
    return {
      ...prefix("before", normal.figures()),
      ...prefix("slow", {
        ...stopped.figures(),
        rssMib: (after.rss - before.rss) / 2 ** 20,
        heapMib: (after.heap - before.heap) / 2 ** 20,
        closedWith: closeCode(clients),
      }),
    };
  } finally {
    clients.destroy();
  }
}

async function latencyFor(connections: readonly Connection[], ms: number): Promise<LatencyMeter> {
  const meter = new LatencyMeter(500_000);
  meter.watch(connections);
  await pause(ms);
  meter.stop(connections);
  return meter;
}

/** 0 when the reader was not closed; 1006 when it was closed without a close frame. */
function closeCode({ endings }: ClientPool): number {
  const [ending] = endings.keys();
  return ending === undefined ? 0 : Number(ending) || 1006;
}
