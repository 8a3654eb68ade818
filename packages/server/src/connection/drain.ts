// Moves connections of this node to other nodes. Called by the manager.
// Guarantees: a connection is closed when its handlers have finished, or after ten seconds; a large node does not send all
// of its clients to the others at once.
import { CloseCode } from "@halyard/protocol/wire";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Clock } from "../types.ts";
import { untilDeadline } from "../utils/with-deadline.ts";
import type { Connection } from "./connection.ts";

/** The options of `drain`. */
export interface DrainOptions {
  /**
   * The time over which connections are closed, in equal slots, in ms. A node that is alone, also one on Redis, closes all at
   * once, and this is the longest delay before a reconnect.
   *
   * @default 20_000 with several nodes, 2_000 for a single node
   */
  readonly windowMs?: number | undefined;
  /** The share of this node's connections to move, 0 to 1. Below 1, the node continues to accept new ones. @default 1 */
  readonly share?: number | undefined;
}

const HANDLERS_MS = 10_000;
const SLOT_MS = 100;

/** Closes all connections at once; each client reconnects after a random delay. */
export async function closeTogether(
  connections: readonly Connection[],
  { clock, windowMs }: { readonly clock: Clock; readonly windowMs: number },
): Promise<void> {
  for (const connection of connections) announce(connection, windowMs / 2);
  await Promise.all(connections.map((connection) => whenIdle(connection, clock)));
  for (const connection of connections) close(connection, clock.random() * windowMs);
}

/** Closes connections slot by slot, in random order; each client reconnects at once. */
export async function closeInSlots(
  connections: readonly Connection[],
  { clock, windowMs }: { readonly clock: Clock; readonly windowMs: number },
): Promise<void> {
  const slots = Math.max(1, Math.min(connections.length, Math.floor(windowMs / SLOT_MS)));
  const slotMs = windowMs / slots;
  const shuffled = sample(connections, connections.length, clock);
  await Promise.all(
    shuffled.map(async (connection, index) => {
      const waitMs = Math.floor((index * slots) / shuffled.length) * slotMs;
      announce(connection, waitMs);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, waitMs));
      await whenIdle(connection, clock);
      close(connection, clock.random() * slotMs);
    }),
  );
}

/** A random selection of `count` connections. */
export function sample(connections: readonly Connection[], count: number, clock: Clock): Connection[] {
  return connections
    .map((connection) => ({ connection, order: clock.random() }))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ connection }) => connection);
}

function announce(connection: Connection, afterMs: number): void {
  connection.push(new OutboundFrame(JSON.stringify({ type: "reconnect", afterMs: Math.round(afterMs) })));
}

/** Resolves when no handler of the connection runs or waits, or after the time-out. */
async function whenIdle({ sendQueue, requestLimiter }: Connection, clock: Clock): Promise<void> {
  const idle = Promise.all([sendQueue.onIdle(), requestLimiter?.onIdle()]);
  await untilDeadline(idle, { clock, ms: HANDLERS_MS });
}

function close(connection: Connection, retryAfterMs: number): void {
  connection.close(CloseCode.Draining, `retryAfterMs=${String(Math.round(retryAfterMs))}`);
}

/** Closes the connections of a node that ends: queued messages do not run. */
export function closeForGood(connections: readonly Connection[], clock: Clock): void {
  for (const connection of connections) {
    connection.ephemeral?.clear();
    connection.close(1001);
    connection.dropSends();
    connection.requestLimiter?.clear();
    clock.clearTimeout(connection.sendQueue.delayTimer);
  }
}
