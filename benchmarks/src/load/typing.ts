/** The workload of typing: each connection of one room in turn sends that its user types. */
import { itemAt } from "../utils/item-at.ts";
import { costs } from "./figures.ts";
import { ClientPool } from "./client-pool.ts";
import type { ClientPoolOptions } from "./client-pool.ts";
import { textFrame } from "./frames.ts";
import type { Figures, JobOf } from "./job.ts";
import { keepInFlight } from "./in-flight.ts";

export async function typing(job: JobOf<"typing">, options: ClientPoolOptions): Promise<Figures> {
  const clients = new ClientPool({ ...options, roomOf: () => "room" });
  try {
    await clients.grow(job.connections);
    await clients.settle();
    const { connections } = clients;
    // The last connection only receives, because a server sends no typing to its sender.
    const watcher = itemAt(connections, connections.length - 1);
    let turn = 0;
    const { usage, deliveries } = await keepInFlight({
      clients,
      serverPid: job.serverPid,
      inFlight: job.inFlight,
      durationMs: job.durationMs,
      watchers: [watcher],
      send: (count) => {
        for (let sent = 0; sent < count; sent++) {
          const typist = itemAt(connections, turn++ % (connections.length - 1));
          typist.write(textFrame(clients.dialect.typing(typist.info)));
        }
      },
      delivered: () => clients.texts,
    });
    return costs("typing", usage, deliveries);
  } finally {
    clients.destroy();
  }
}
