import { setTimeout as pause } from "node:timers/promises";
import { at, talkAt } from "./broadcast.ts";
import { prefix } from "./figures.ts";
import type { Connection } from "./connection.ts";
import { Fleet } from "./client-pool.ts";
import type { FleetOptions } from "./client-pool.ts";
import type { Figures, JobOf, Memory } from "./job.ts";
import { LatencyMeter } from "./latency.ts";

const SETTLE_MS = 2_500;
/** Until a reader that reads again has come to its close frame. */
const PATIENCE_MS = 3_000;

/** One reader stands still while much is said; the others must not feel it, and the server must not pay for it. */
export async function slowReader(
  job: JobOf<"slow-reader">,
  options: FleetOptions & { readonly askMemory: () => Promise<Memory> },
): Promise<Figures> {
  const fleet = new Fleet(options);
  try {
    await fleet.grow(job.connections + 2);
    await fleet.settle();
    const [speaker, slow] = [at(fleet.connections, 0), at(fleet.connections, 1)];
    const others = fleet.connections.slice(2);
    const talk = talkAt(job.messagesPerSecond, () => {
      speaker.send(fleet.dialect.post(LatencyMeter.stamp(job.bytes), ++speaker.seq));
    });
    const owingMs = (job.owedBytes / job.bytes / job.messagesPerSecond) * 1_000;
    // What runs hot is compiled, and memory is as large as it will be.
    await pause(owingMs);
    const before = await options.askMemory();
    // The collection has stopped the server, and has given memory back that it takes again: neither must count.
    await pause(SETTLE_MS);
    // As long as what it is compared with, so that as many collections fall into it.
    const calm = await latencyFor(others, owingMs);
    slow.pause();
    const busy = await latencyFor(others, owingMs);
    talk.stop();
    // After garbage collection: what a server has used once and may use again is not what the reader costs.
    const after = await options.askMemory();
    slow.resume();
    for (let waited = 0; waited < PATIENCE_MS && fleet.endings.size === 0; waited += 100) await pause(100);
    return {
      ...prefix("calm", calm.figures()),
      ...prefix("slow", {
        ...busy.figures(),
        rssMib: (after.rss - before.rss) / 2 ** 20,
        heapMib: (after.heap - before.heap) / 2 ** 20,
        closedWith: closeCode(fleet),
      }),
    };
  } finally {
    fleet.destroy();
  }
}

async function latencyFor(connections: readonly Connection[], ms: number): Promise<LatencyMeter> {
  const meter = new LatencyMeter(500_000);
  meter.watch(connections);
  await pause(ms);
  meter.stop(connections);
  return meter;
}

/** 0: it was not closed; 1006: it was, without a word. */
function closeCode({ endings }: Fleet): number {
  const [ending] = endings.keys();
  return ending === undefined ? 0 : Number(ending) || 1006;
}
