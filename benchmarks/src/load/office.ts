/**
 * The workload of an office: posts to all connections, and chat and typing in rooms of ten.
 * All messages are sent at fixed rates, so that all servers do the same work.
 */
import { setTimeout as pause } from "node:timers/promises";
import { itemAt } from "../utils/item-at.ts";
import { callAtRate } from "./call-at-rate.ts";
import { ClientPool } from "./client-pool.ts";
import type { ClientPoolOptions } from "./client-pool.ts";
import { UsageMeter } from "./cpu.ts";
import { costs, prefix } from "./figures.ts";
import type { Figures, JobOf } from "./job.ts";
import { LatencyMeter } from "./latency.ts";

/** The largest allowed difference between deliveries and sent messages: messages are in flight at both ends of the time. */
const TOLERANCE = 0.05;

export async function office(job: JobOf<"office">, options: ClientPoolOptions): Promise<Figures> {
  const { connections: count, roomSize, chatsPerSecond, typingPerSecond, postsPerSecond, durationMs } = job;
  const roomOf = (number: number): string => `room-${String(Math.floor(number / roomSize))}`;
  const clients = new ClientPool({ ...options, roomOf });
  const { dialect } = options;
  try {
    await clients.grow(count);
    await clients.settle();
    const { connections } = clients;
    let [chats, typing] = [0, 0];
    const work = [
      callAtRate(chatsPerSecond, () => {
        // The rooms take turns, and the members of each room, too.
        const author = itemAt(connections, (chats++ * (roomSize + 1)) % count);
        author.send(dialect.chat(LatencyMeter.stamp(job.bytes), undefined, author.info));
      }),
      callAtRate(typingPerSecond, () => {
        const typist = itemAt(connections, (typing++ * (roomSize + 1)) % count);
        typist.send(dialect.typing(typist.info));
      }),
      callAtRate(postsPerSecond, () => {
        const author = itemAt(connections, 0);
        author.send(dialect.post(LatencyMeter.stamp(job.bytes), ++author.seq));
      }),
    ];
    await pause(durationMs);
    const due = chatsPerSecond * roomSize + typingPerSecond * (roomSize - 1) + postsPerSecond * count;
    const latency = new LatencyMeter(Math.ceil((due * durationMs * 2) / 1000));
    const meter = new UsageMeter(job.serverPid);
    const before = clients.texts;
    latency.watch(connections);
    await pause(durationMs);
    const usage = meter.read();
    latency.stop(connections);
    const deliveries = clients.texts - before;
    for (const each of work) each.stop();
    await clients.settle();
    clients.assertNoneEnded();
    const expected = (due * usage.wall) / 1e6;
    if (Math.abs(deliveries - expected) > expected * TOLERANCE)
      throw new Error(`${String(deliveries)} of ${String(Math.round(expected))} messages were delivered`);
    return { ...costs("office", usage, deliveries), ...prefix("office", latency.figures()) };
  } finally {
    clients.destroy();
  }
}
