/** The workload of direct messages: each connection in turn sends one to the user of the next connection. */
import { itemAt } from "../utils/item-at.ts";
import { assertDelivery } from "./assert-delivery.ts";
import { ClientPool } from "./client-pool.ts";
import type { ClientPoolOptions } from "./client-pool.ts";
import { costs } from "./figures.ts";
import { keepInFlight } from "./in-flight.ts";
import type { Figures, JobOf } from "./job.ts";
import { LatencyMeter } from "./latency.ts";

export async function direct(job: JobOf<"direct">, options: ClientPoolOptions): Promise<Figures> {
  const clients = new ClientPool(options);
  try {
    await clients.grow(job.connections);
    await clients.settle();
    const { connections } = clients;
    let turn = 0;
    const send = (count: number): void => {
      for (let sent = 0; sent < count; sent++) {
        const sender = itemAt(connections, turn % connections.length);
        const receiver = itemAt(connections, ++turn % connections.length);
        sender.send(options.dialect.direct(receiver.info.user, LatencyMeter.stamp(job.bytes)));
      }
    };
    const delivered = (): number => clients.texts;
    await assertDelivery(clients, {
      expected: connections.length,
      send: () => send(connections.length),
      delivered,
    });
    let figures: Figures = {};
    for (const inFlight of job.inFlight) {
      const { usage, deliveries } = await keepInFlight({
        ...{ clients, serverPid: job.serverPid, inFlight, durationMs: job.durationMs, send },
        watchers: connections,
        delivered,
      });
      figures = { ...figures, ...costs(`w${String(inFlight)}`, usage, deliveries) };
    }
    return figures;
  } finally {
    clients.destroy();
  }
}
