/**
 * The workload of one reader that stops reading while messages are sent to all.
 * Compares the latency of the other readers and the memory of the server, before and after.
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
/** The time within which a reader that reads again receives its close frame. */
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
    // A warm-up, in which the runtime compiles and memory grows to its normal size.
    await pause(phaseMs);
    const before = await options.requestMemory();
    // Another warm-up, because the garbage collection has released memory that the server allocates again.
    await pause(SETTLE_MS);
    // The same time as the phase with the slow reader, so that both have as many garbage collections.
    const normal = await latencyFor(others, phaseMs);
    slow.pause();
    const stopped = await latencyFor(others, phaseMs);
    sending.stop();
    // The memory after garbage collection, because memory that the server can reuse is no cost of the reader.
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

/** The close code of the reader; 0 if it is open, 1006 after a close without a close frame. */
function closeCode({ endings }: ClientPool): number {
  const [ending] = endings.keys();
  return ending === undefined ? 0 : Number(ending) || 1006;
}
