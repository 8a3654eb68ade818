// Ends a node: moves its clients to other nodes and stops its parts. Called by the manager.
// Guarantees: the hooks of the last closes run before the parts that they may use stop; a node that ends accepts no upgrade.
import { CloseCode } from "@halyard/protocol/wire";
import type { Assembly } from "../assembly.ts";
import type { Backplane } from "../backplane.ts";
import { removeNode } from "../cluster/backplane-users.ts";
import { closeForGood, closeInSlots, closeTogether, sample } from "../connection/drain.ts";
import type { DrainOptions } from "../connection/drain.ts";
import { MAX_TIMER_MS } from "../utils/clock.ts";

/** Moves connections of this node to other nodes. @throws TypeError by rejecting, for options that cannot work: nothing is moved then */
export async function drainNode(
  { backplane, clock, connections, upgrades }: Assembly,
  { windowMs, share = 1 }: DrainOptions,
): Promise<void> {
  assertBetween("windowMs", windowMs ?? 0, MAX_TIMER_MS);
  assertBetween("share", share, 1);
  if (share >= 1) upgrades.isDraining = true;
  const isAlone = backplane.kind === "memory" || (await isOnlyNode(backplane));
  const all = [...connections.all()];
  const moved = share >= 1 ? all : sample(all, Math.ceil(share * all.length), clock);
  if (isAlone) await closeTogether(moved, { clock, windowMs: windowMs ?? 2_000 });
  else await closeInSlots(moved, { clock, windowMs: windowMs ?? 20_000 });
  // Connections whose upgrades were accepted before the drain began.
  if (share >= 1) for (const late of connections.all()) late.close(CloseCode.Draining, "retryAfterMs=0");
}

/** Whether no other node can take the clients. Nobody knows while the store is away: then there may be others. */
function isOnlyNode(backplane: Backplane): Promise<boolean> {
  return backplane.nodes().then(
    (nodes) => nodes.every((id) => id === backplane.nodeId),
    () => false,
  );
}

/** Closes every connection, and stops every part. */
export async function closeNode(parts: Assembly): Promise<void> {
  parts.upgrades.isDraining = parts.opener.hasEnded = true;
  parts.heartbeat.stop();
  parts.eventLoop.stop();
  closeForGood([...parts.connections.all()], parts.clock);
  // Let the hooks of these closes run before the parts that they may use stop.
  await Promise.resolve();
  parts.sessionWatches.stop();
  parts.revocations.stop();
  parts.instructions.stop();
  parts.userRights.stop();
  parts.deduplicator.stop();
  parts.clientRequests.stop();
  parts.upgrades.stop();
  parts.securityReporter.stop();
  parts.presence.close();
  parts.channels.close();
  parts.monitor.stop();
  parts.systemLogger.stop();
  await removeNode(parts.backplane);
}

function assertBetween(option: string, value: number, most: number): void {
  if (value >= 0 && value <= most) return;
  throw new TypeError(
    `${option} of drain is ${String(value)}: it must be a number, at least 0 and at most ${String(most)}.`,
  );
}
