/** The workloads of several nodes on one Redis. The CPU time is that of all nodes and of Redis. */
import { clusters, servers } from "../processes/servers.ts";
import { cpu, rate } from "./workload.ts";
import type { Scale, Workload } from "./workload.ts";

const ALONE = servers.map(({ id }) => id);
const NODES = [2, 4];
/** The deliveries per second of the steady part, at which no process is busy for most of the time. */
const STEADY = 10_000;

/** The ids of the servers that take part in these workloads only. */
export const CLUSTERS = clusters.map(({ id }) => id);

/** A room with all connections, and many small rooms, on two and on four nodes. */
export function clusterWorkloads({ isQuick, durationMs }: Scale): Workload[] {
  return (isQuick ? [2] : NODES).flatMap((nodes) => [hall(nodes, durationMs), rooms(nodes, durationMs)]);
}

function hall(nodes: number, durationMs: number): Workload {
  const connections = 1_000;
  return {
    id: `cluster-${String(nodes)}-hall`,
    title: `${String(nodes)} nodes and a Redis, one room of ${connections.toLocaleString("en")}`,
    about:
      "One connection posts, all others receive it, on all nodes in equal parts; CPU time of all nodes and of Redis per delivery, with 16 " +
      `messages in flight and with 1. Then, at a steady ${STEADY.toLocaleString("en")} deliveries/s, the latency of a delivery.`,
    dialect: "plain",
    plan: {
      ...{ kind: "fan-out", connections, bytes: 128, nodes, durationMs },
      parts: [
        { name: "w16", inFlight: 16 },
        { name: "w1", inFlight: 1 },
        { name: "steady", deliveriesPerSecond: STEADY },
      ],
    },
    figures: [
      cpu("w16", "16 in flight", true),
      cpu("w1", "1 in flight"),
      rate("w16", "deliveries/s"),
      { key: "steady.p50Ms", title: "p50", unit: "ms", better: "less" },
      { key: "steady.p99Ms", title: "p99", unit: "ms", better: "less" },
    ],
    without: ALONE,
    runs: 5,
  };
}

function rooms(nodes: number, durationMs: number): Workload {
  const [connections, roomSize] = [2_000, 5];
  return {
    id: `cluster-${String(nodes)}-rooms-${String(roomSize)}`,
    title: `${String(nodes)} nodes and a Redis, rooms of ${String(roomSize)}, ${connections.toLocaleString("en")} connections`,
    about:
      "A chat message goes to a room whose members are on different nodes, and the rooms take turns; Halyard also deduplicates it, " +
      "stores it in the history and numbers it. 16 in flight in all; CPU time of all nodes and of Redis per delivery.",
    dialect: "v1",
    plan: {
      kind: "rooms",
      connections,
      roomSize,
      bytes: 128,
      inFlight: [16],
      hasReceipts: true,
      nodes,
      durationMs: durationMs * 3,
    },
    figures: [cpu("w16", "CPU per delivery", true), rate("w16", "deliveries/s")],
    without: ALONE,
    runs: 5,
  };
}
