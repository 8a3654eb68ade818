/**
 * The workload of chat in many small rooms.
 * The first connection of a room sends, and all members receive; the rooms take turns.
 */
import { itemAt } from "../utils/item-at.ts";
import type { Connection } from "./connection.ts";
import { costs } from "./figures.ts";
import { assertDelivery } from "./assert-delivery.ts";
import { ClientPool } from "./client-pool.ts";
import type { ClientPoolOptions } from "./client-pool.ts";
import type { Figures, JobOf } from "./job.ts";
import { LatencyMeter } from "./latency.ts";
import { keepInFlight } from "./in-flight.ts";

export async function rooms(job: JobOf<"rooms">, options: ClientPoolOptions): Promise<Figures> {
  const { connections, roomSize, durationMs, serverPid, hasReceipts } = job;
  const roomOf = (number: number): string => `room-${String(Math.floor(number / roomSize))}`;
  const clients = new ClientPool({ ...options, roomOf });
  try {
    await clients.grow(connections);
    await clients.settle();
    const senders = clients.connections.filter((_, index) => index % roomSize === 0);
    const watchers = clients.connections.filter((_, index) => index % roomSize === roomSize - 1);
    let turn = 0;
    const send = (count: number): void => {
      for (let sent = 0; sent < count; sent++) {
        const sender = itemAt(senders, turn++ % senders.length);
        const text = LatencyMeter.stamp(job.bytes);
        const seq = ++sender.seq;
        sender.send(options.dialect.chat(text, hasReceipts ? seq : undefined, sender.info));
      }
    };
    const delivered = (): number => clients.texts - (hasReceipts ? sentBy(senders) : 0);
    await assertDelivery(clients, {
      expected: senders.length * roomSize,
      send: () => send(senders.length),
      delivered,
    });
    let figures: Figures = {};
    for (const inFlight of job.inFlight) {
      const window = { clients, serverPid, inFlight, durationMs, watchers, send, delivered };
      const { usage, deliveries } = await keepInFlight(window);
      figures = { ...figures, ...costs(`w${String(inFlight)}`, usage, deliveries) };
    }
    return figures;
  } finally {
    clients.destroy();
  }
}

/** The number of messages that some connections have sent, each of which has a receipt. */
function sentBy(senders: readonly Connection[]): number {
  return senders.reduce((sum, { seq }) => sum + seq, 0);
}
