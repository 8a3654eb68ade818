/**
 * The workload of presence: users join and leave while many others stay.
 * A change is a user who joins or leaves; the server sends it to all others.
 */
import { setTimeout as pause } from "node:timers/promises";
import { callAtRate } from "./call-at-rate.ts";
import { ClientPool } from "./client-pool.ts";
import type { ClientPoolOptions } from "./client-pool.ts";
import type { Connection } from "./connection.ts";
import { UsageMeter } from "./cpu.ts";
import { costs, prefix } from "./figures.ts";
import type { Figures, JobOf, PresencePart } from "./job.ts";

const VISIT_MS = 1_000;

export async function presence(job: JobOf<"presence">, options: ClientPoolOptions): Promise<Figures> {
  const clients = new ClientPool(options);
  const visitors = new Visitors(clients);
  try {
    let figures: Figures = {};
    for (const part of job.parts) {
      await clients.grow(part.connections - clients.connections.length);
      await clients.settle();
      figures = { ...figures, ...(await measureVisits(part, visitors, job)) };
    }
    return figures;
  } finally {
    clients.destroy();
    visitors.destroy();
  }
}

/** The users who join, stay for a second and leave. */
class Visitors {
  readonly clients: ClientPool;
  changes = 0;
  readonly #connections = new Set<Connection>();

  constructor(clients: ClientPool) {
    this.clients = clients;
  }

  join(): void {
    const { announce } = this.clients.dialect;
    const connection = this.clients.open((visitor) => {
      this.changes++;
      if (announce !== undefined) visitor.send(announce);
      setTimeout(() => {
        visitor.close();
        this.#connections.delete(visitor);
        this.changes++;
      }, VISIT_MS);
    });
    this.#connections.add(connection);
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}

async function measureVisits(
  { name, perSecond }: PresencePart,
  visitors: Visitors,
  { serverPid, durationMs }: JobOf<"presence">,
): Promise<Figures> {
  const { clients } = visitors;
  const visits = callAtRate(perSecond, () => visitors.join());
  // During the first visit no user leaves yet.
  await pause(VISIT_MS * 1.5);
  const meter = new UsageMeter(serverPid);
  const before = { changes: visitors.changes, texts: clients.texts };
  await pause(durationMs);
  const usage = meter.read();
  const changes = visitors.changes - before.changes;
  const deliveries = clients.texts - before.texts;
  visits.stop();
  clients.assertNoneEnded();
  return {
    ...costs(name, usage, changes),
    ...prefix(name, { deliveriesPerSecond: deliveries / (usage.wall / 1e6) }),
  };
}
