/**
 * Chat in many small rooms: what it costs to deliver a message to few.
 * Run by the load process for the workloads `rooms-…`.
 * The first of a room speaks, the others listen; the rooms take turns.
 */
import { setTimeout as pause } from "node:timers/promises";
import { at } from "./broadcast.ts";
import type { Connection } from "./connection.ts";
import { costs } from "./figures.ts";
import { Fleet } from "./client-pool.ts";
import type { FleetOptions } from "./client-pool.ts";
import type { Figures, JobOf } from "./job.ts";
import { LatencyMeter } from "./latency.ts";
import { keepUnderWay } from "./in-flight.ts";

export async function rooms(job: JobOf<"rooms">, options: FleetOptions): Promise<Figures> {
  const { connections, roomSize, underWay, durationMs, serverPid } = job;
  const roomOf = (number: number): string => `room-${String(Math.floor(number / roomSize))}`;
  const fleet = new Fleet({ ...options, roomOf });
  try {
    await fleet.grow(connections);
    await fleet.settle();
    const speakers = fleet.connections.filter((_, index) => index % roomSize === 0);
    const watchers = fleet.connections.filter((_, index) => index % roomSize === roomSize - 1);
    let turn = 0;
    const send = (count: number): void => {
      for (let sent = 0; sent < count; sent++) {
        const speaker = at(speakers, turn++ % speakers.length);
        const text = LatencyMeter.stamp(job.bytes);
        speaker.send(options.dialect.chat(text, ++speaker.seq, speaker.place));
      }
    };
    const delivered = (): number => fleet.texts - textsOf(speakers);
    await assertDelivery(fleet, {
      expected: speakers.length * (roomSize - 1),
      send: () => send(speakers.length),
      delivered,
    });
    const window = { fleet, serverPid, underWay, durationMs, watchers, send, delivered };
    const { usage, deliveries } = await keepUnderWay(window);
    return costs("rooms", usage, deliveries);
  } finally {
    fleet.destroy();
  }
}

interface Delivery {
  readonly expected: number;
  readonly send: () => void;
  readonly delivered: () => number;
}

const ATTEMPTS = 5;
const DELIVERY_MS = 5_000;

/**
 * Sends a message to each room, which every listener must get once. Presence that the server announces meanwhile counts
 * as well, so there are several attempts.
 */
async function assertDelivery(fleet: Fleet, { expected, send, delivered }: Delivery): Promise<void> {
  let got = 0;
  for (let attempt = 0; attempt < ATTEMPTS && got !== expected; attempt++) {
    const before = delivered();
    const deadline = performance.now() + DELIVERY_MS;
    send();
    while (delivered() - before < expected && performance.now() < deadline) await pause(10);
    await fleet.settle();
    got = delivered() - before;
  }
  if (got !== expected) throw new Error(`${String(got)} of ${String(expected)} messages were delivered`);
}

function textsOf(connections: readonly Connection[]): number {
  return connections.reduce((sum, { texts }) => sum + texts, 0);
}
