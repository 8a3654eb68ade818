import { at } from "./broadcast.ts";
import { costs } from "./figures.ts";
import { Fleet } from "./client-pool.ts";
import type { FleetOptions } from "./client-pool.ts";
import { textFrame } from "./frames.ts";
import type { Figures, JobOf } from "./job.ts";
import { keepUnderWay } from "./in-flight.ts";

/** Everyone in a room types in turn, and all others see it. */
export async function typing(job: JobOf<"typing">, options: FleetOptions): Promise<Figures> {
  const fleet = new Fleet({ ...options, roomOf: () => "hall" });
  try {
    await fleet.grow(job.connections);
    await fleet.settle();
    const { connections } = fleet;
    // The last one only watches: nobody hears their own typing.
    const watcher = at(connections, connections.length - 1);
    let turn = 0;
    const { usage, deliveries } = await keepUnderWay({
      fleet,
      serverPid: job.serverPid,
      underWay: job.underWay,
      durationMs: job.durationMs,
      watchers: [watcher],
      send: (count) => {
        for (let sent = 0; sent < count; sent++) {
          const typist = at(connections, turn++ % (connections.length - 1));
          typist.write(textFrame(fleet.dialect.typing(typist.place)));
        }
      },
      delivered: () => fleet.texts,
    });
    return costs("typing", usage, deliveries);
  } finally {
    fleet.destroy();
  }
}
