// What a test does to Redis and to nodes while clients are connected. Used by the files of the suite `redis`.
import { setTimeout as pause } from "node:timers/promises";
import type { ClusterNode, RedisServer } from "./cluster.ts";

/** The seed of this run's choices: of the environment, to repeat a run that failed, or a new one. It is printed. */
export function seedOfRun(title: string): number {
  const seed = Number(process.env["HALYARD_SEED"] ?? Date.now() % 1e6);
  process.stdout.write(`${title}: HALYARD_SEED=${String(seed)}\n`);
  return seed;
}

/** Cuts connections of nodes to Redis: what Redis pushes comes over those of `pubsub`, commands go over those of `normal`. */
export async function cutConnections(redis: RedisServer, type: "normal" | "pubsub"): Promise<number> {
  // Another one of the test's own connections may cut this one.
  return redis
    .control((client) => client.sendCommand(["CLIENT", "KILL", "TYPE", type]))
    .then(Number, () => 0);
}

/** Repeats something, after a pause each time, until `isOver`. @returns how often */
export async function repeatUntil(
  isOver: () => boolean,
  pauseMs: () => number,
  action: () => unknown,
): Promise<number> {
  for (let times = 0; ; times++) {
    await pause(pauseMs());
    if (isOver()) return times;
    await action();
  }
}

/** Publishes numbered notices in a room, one after the other, until `isOver`. @returns how many */
export async function publishUntil(
  isOver: () => boolean,
  node: ClusterNode,
  { room, everyMs, count = 10 }: { readonly room: string; readonly everyMs: number; readonly count?: number },
): Promise<number> {
  let published = 0;
  while (!isOver()) {
    await node.command("notices", { count, room, everyMs });
    published += count;
  }
  return published;
}
