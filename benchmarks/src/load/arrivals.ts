import { setTimeout as pause } from "node:timers/promises";
import { talkAt } from "./broadcast.ts";
import type { Connection } from "./connection.ts";
import { UsageMeter } from "./cpu.ts";
import { costs, prefix } from "./figures.ts";
import { Fleet } from "./client-pool.ts";
import type { FleetOptions } from "./client-pool.ts";
import type { Figures, HallPart, JobOf, Memory } from "./job.ts";

/** What it costs to open a connection: handshake, sign-in (stubbed), welcome, list of users. */
export async function connects(job: JobOf<"connects">, options: FleetOptions): Promise<Figures> {
  const fleet = new Fleet(options);
  try {
    // So that code is compiled, and the list of users is as long as it gets.
    await fleet.grow(Math.min(WARM_UP, job.connections));
    await fleet.settle();
    const early = await measureGrowth("empty", fleet, { count: job.connections, serverPid: job.serverPid });
    const late = await measureGrowth("full", fleet, { count: job.late, serverPid: job.serverPid });
    return { ...early, ...late };
  } finally {
    fleet.destroy();
  }
}

async function measureGrowth(
  name: string,
  fleet: Fleet,
  { count, serverPid }: { readonly count: number; readonly serverPid: number },
): Promise<Figures> {
  const meter = new UsageMeter(serverPid);
  await fleet.grow(count);
  const figures = costs(name, meter.read(), count);
  await fleet.settle();
  fleet.assertWhole();
  return figures;
}

/** The memory of connections that do nothing: what lies between some of them and many. */
export async function idle(
  job: JobOf<"idle">,
  options: FleetOptions & { readonly askMemory: () => Promise<Memory> },
): Promise<Figures> {
  const fleet = new Fleet(options);
  try {
    const before = await lookAt(fleet, job.from, options.askMemory);
    const after = await lookAt(fleet, job.to - job.from, options.askMemory);
    fleet.assertWhole();
    return growthOf(before, after, job.to - job.from);
  } finally {
    fleet.destroy();
  }
}

/** Both of clients with a session: what a connect costs, and what a connection that does nothing holds. */
export async function signedIn(
  job: JobOf<"signed-in">,
  options: FleetOptions & { readonly askMemory: () => Promise<Memory> },
): Promise<Figures> {
  const fleet = new Fleet(options);
  try {
    const before = await lookAt(fleet, job.from, options.askMemory);
    // The collection that memory is looked at after may take compiled code with it.
    await fleet.grow(WARM_UP);
    await fleet.settle();
    const { serverPid } = job;
    const costs = await measureGrowth("connect", fleet, { count: job.to - job.from - WARM_UP, serverPid });
    const after = await lookAt(fleet, 0, options.askMemory);
    fleet.assertWhole();
    return { ...costs, ...growthOf(before, after, job.to - job.from) };
  } finally {
    fleet.destroy();
  }
}

const WARM_UP = 300;

/** Of memory, per connection. */
function growthOf(before: Memory, after: Memory, connections: number): Figures {
  return prefix("idle", {
    rssKib: (after.rss - before.rss) / 1024 / connections,
    heapKib: (after.heap - before.heap) / 1024 / connections,
  });
}

async function lookAt(fleet: Fleet, more: number, askMemory: () => Promise<Memory>): Promise<Memory> {
  await fleet.grow(more);
  await fleet.settle();
  await pause(500);
  return askMemory();
}

const STAY_MS = 1_000;

/** Users come and go in a hall of many. */
export async function hall(job: JobOf<"hall">, options: FleetOptions): Promise<Figures> {
  const fleet = new Fleet(options);
  const visitors = new Visitors(fleet);
  try {
    let figures: Figures = {};
    for (const part of job.parts) {
      await fleet.grow(part.connections - fleet.connections.length);
      await fleet.settle();
      const taken = await measureVisits(part, visitors, job);
      figures = { ...figures, ...taken };
    }
    return figures;
  } finally {
    fleet.destroy();
    visitors.destroy();
  }
}

/** They come, stay for a second and go. */
class Visitors {
  readonly fleet: Fleet;
  changes = 0;
  readonly #here = new Set<Connection>();

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  come(): void {
    const connection = this.fleet.open((visitor) => {
      this.changes++;
      if (this.fleet.dialect.enter !== undefined) visitor.send(this.fleet.dialect.enter);
      setTimeout(() => {
        visitor.close();
        this.#here.delete(visitor);
        this.changes++;
      }, STAY_MS);
    });
    this.#here.add(connection);
  }

  destroy(): void {
    for (const connection of this.#here) connection.destroy();
  }
}

async function measureVisits(
  { name, perSecond }: HallPart,
  visitors: Visitors,
  { serverPid, durationMs }: JobOf<"hall">,
): Promise<Figures> {
  const { fleet } = visitors;
  const visits = talkAt(perSecond, () => visitors.come());
  // The second is over in which nobody leaves yet.
  await pause(STAY_MS * 1.5);
  const meter = new UsageMeter(serverPid);
  const before = { changes: visitors.changes, texts: fleet.texts };
  await pause(durationMs);
  const usage = meter.read();
  const done = visitors.changes - before.changes;
  const deliveries = fleet.texts - before.texts;
  visits.stop();
  fleet.assertWhole();
  return {
    ...costs(name, usage, done),
    ...prefix(name, { deliveriesPerSecond: deliveries / (usage.wall / 1e6) }),
  };
}
