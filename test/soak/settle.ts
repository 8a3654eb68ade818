// Waits for the settled state of a soak, by snapshots of its pages and servers. `soak` calls it before and after the faults.
// A snapshot has no problems if every page is connected, every send and request is answered, and all user lists agree.
import { setTimeout as pause } from "node:timers/promises";
import type { PageView } from "./page.ts";
import type { ServerStats } from "./server-process.ts";
import type { Servers } from "./servers.ts";
import { GRACE_MS, SETTLE_MS } from "./timing.ts";

const POLL_MS = 500;
/** A grace period, and a second for batched presence. */
const STABLE_MS = GRACE_MS + 1_000;

/** A process of pages, or one page in a browser. */
export interface PageGroup {
  readonly log: string;
  readonly errors: string;
  start(): Promise<void>;
  /** Stops sending, and dispatches `online` to every page. */
  quiet(): Promise<void>;
  view(): Promise<PageView[]>;
  end(): Promise<void>;
  kill(): Promise<void>;
}

export interface SettleParts {
  readonly servers: Servers;
  readonly pages: readonly PageGroup[];
  readonly rooms: readonly string[];
}

/** The state of all processes at one moment. */
export interface Snapshot {
  /** The users of each room as the pages know them; all users under `all`. */
  readonly truth: ReadonlyMap<string, readonly string[]>;
  /** The counts of each node. */
  readonly stats: readonly ServerStats[];
  /** A sentence for each difference from the settled state. */
  readonly problems: readonly string[];
}

/**
 * Waits for two snapshots without problems, the second one {@link STABLE_MS} after the first.
 *
 * @returns the last snapshot, which has problems if the soak has not settled in time
 */
export async function settle(parts: SettleParts): Promise<Snapshot> {
  const deadline = performance.now() + SETTLE_MS + STABLE_MS;
  for (;;) {
    const first = await takeSnapshot(parts);
    if (first.problems.length === 0) {
      await pause(STABLE_MS);
      const again = await takeSnapshot(parts);
      if (again.problems.length === 0 || performance.now() > deadline) return again;
    }
    if (performance.now() > deadline) return first;
    await pause(POLL_MS);
  }
}

/** Waits for a snapshot without problems. @throws Error after {@link SETTLE_MS} */
export async function waitUntilConnected(parts: SettleParts): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  for (
    let snapshot = await takeSnapshot(parts);
    snapshot.problems.length > 0;
    snapshot = await takeSnapshot(parts)
  ) {
    if (performance.now() > deadline)
      throw new Error(`not every page connected: ${snapshot.problems.join("; ")}`);
    await pause(POLL_MS);
  }
}

async function takeSnapshot({ servers, pages, rooms }: SettleParts): Promise<Snapshot> {
  const views = (await Promise.all(pages.map((group) => group.view()))).flat();
  const stats = await servers.stats(rooms);
  const truth = new Map([["all", usersOf(views)]]);
  for (const room of rooms) truth.set(room, usersOf(views.filter(({ users }) => Object.hasOwn(users, room))));
  const problems = [
    ...views.flatMap((view) => pageProblems(view, truth)),
    ...stats.flatMap((node) => serverProblems(node, truth)),
  ];
  const connections = connectionsOf(stats);
  if (connections !== views.length)
    problems.push(`the servers have ${String(connections)} connections of ${String(views.length)} pages`);
  return { truth, stats, problems };
}

/** The number of connections of all nodes. */
export function connectionsOf(stats: readonly ServerStats[]): number {
  return stats.reduce((sum, node) => sum + node.connections, 0);
}

function usersOf(views: readonly PageView[]): string[] {
  return [...new Set(views.map(({ user }) => user))].sort();
}

function pageProblems(view: PageView, truth: Snapshot["truth"]): string[] {
  const { name, status, unsettled, users, joined } = view;
  const problems: string[] = [];
  if (status !== "open") problems.push(`${name} is ${status}`);
  if (unsettled > 0) problems.push(`${name} has no answer to ${String(unsettled)} sends and requests`);
  for (const [room, known] of Object.entries(users)) {
    if (room !== "all" && !joined.includes(room)) problems.push(`${name} is not in ${room}`);
    const difference = differenceOf(truth.get(room) ?? [], known);
    if (difference) problems.push(`${name} in ${room}: ${difference}`);
  }
  return problems;
}

function serverProblems({ users, rooms }: ServerStats, truth: Snapshot["truth"]): string[] {
  return Object.entries({ all: users, ...rooms }).flatMap(([room, known]) => {
    const difference = differenceOf(truth.get(room) ?? [], known);
    return difference ? [`the server in ${room}: ${difference}`] : [];
  });
}

function differenceOf(truth: readonly string[], known: readonly string[]): string | undefined {
  const ghosts = known.filter((user) => !truth.includes(user));
  const unseen = truth.filter((user) => !known.includes(user));
  if (ghosts.length + unseen.length === 0) return undefined;
  return `listed and offline: ${ghosts.join(", ") || "none"}; online and not listed: ${unseen.join(", ") || "none"}`;
}
