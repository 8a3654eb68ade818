// Counts the users and connections in a room, over all nodes. Called by the manager and by publishers.
import type { Backplane } from "../backplane.ts";
import type { ConnectionStats } from "../types.ts";
import type { Census } from "./census.ts";

/**
 * Counts by the backplane's roster, which is empty when the system has presence switched off. @throws HalyardError
 * `unavailable` by rejecting
 */
export async function storedRoomStats(
  backplane: Pick<Backplane, "roster">,
  room: string,
): Promise<ConnectionStats> {
  const { connections = 0, total } = await backplane.roster(room, { cursor: undefined, limit: 0 });
  return { totalUsers: total, totalConnections: connections };
}

/** Counts by asking the nodes, which name the users of at most 1,000 connections each. @throws HalyardError `unavailable` by rejecting */
export async function countedRoomStats(census: Census, room: string): Promise<ConnectionStats> {
  const { connections, total } = await census.everywhere({ room });
  return { totalUsers: new Set(connections.map(({ userId }) => userId)).size, totalConnections: total };
}
