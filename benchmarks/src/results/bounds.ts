/**
 * The bounds of the figures, which are the promises of Halyard about its speed. The median of all runs counts.
 * `peers.ts` and the page of results show each bound beside its figure.
 */
import type { Figures } from "../load/job.ts";
import { median } from "../utils/statistics.ts";
import type { Results, ServerResult } from "./results.ts";

/** The highest allowed value of a figure, or of its ratio to a figure of a peer or to another figure in the same run. */
interface Bound {
  readonly title: string;
  readonly workload: string;
  readonly server: string;
  readonly key: string;
  /** The figure by which the figure is divided. @default none */
  readonly against?: { readonly server: string; readonly key?: string };
  readonly max: number;
  /** The text of the bound. @default the number */
  readonly label?: string;
  readonly unit?: string;
}

export interface Verdict {
  readonly title: string;
  readonly bound: string;
  readonly measured: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  readonly runs: number;
  readonly isMet: boolean;
}

const [node, bun] = ["halyard-node", "halyard-bun"];
const fanOut = { workload: "fan-out-1000-128", key: "w16.cpuUs", server: node };
const single = { ...fanOut, key: "w1.cpuUs" };
const steady = { ...fanOut, key: "steady.p99Ms" };
const requests = { workload: "requests", server: node, against: { server: "ws" } };
const connects = { workload: "connects", server: node };
const idle = { workload: "idle", server: node };
const rooms = { workload: "rooms-5", server: node };
const slow = { workload: "slow-reader" };

/** The ratios of Halyard to each adapter of Socket.IO. */
const clusterBounds = [2, 4].flatMap((nodes): Bound[] => {
  const name = `${String(nodes)} nodes`;
  const hall = { workload: `cluster-${String(nodes)}-hall`, server: "halyard-redis" };
  return ["pubsub", "sharded", "streams"].flatMap((adapter): Bound[] => {
    const against = { server: `socket.io-${adapter}` };
    const to = `to Socket.IO, ${adapter}`;
    return [
      {
        ...hall,
        key: "w16.cpuUs",
        title: `${name}, hall, 16 in flight: ${to}`,
        against,
        max: 0.2,
        label: "1/5",
      },
      { ...hall, key: "w1.cpuUs", title: "… 1 in flight", against, max: 1 / 1.5, label: "1/1.5" },
      { ...hall, key: "steady.p99Ms", title: "… p99", against, max: 1.2 },
      {
        ...{ ...hall, workload: `cluster-${String(nodes)}-rooms-5`, key: "w16.cpuUs" },
        ...{ title: `${name}, rooms of 5: ${to}`, against, max: 1 / 1.5, label: "1/1.5" },
      },
    ];
  });
});

/** The ratios in small rooms, with many messages in flight and with one. */
const roomBounds = [256, 16, 1].flatMap((inFlight): Bound[] => {
  const key = `w${String(inFlight)}.cpuUs`;
  const [toWs, toSocketIo, toUws] = inFlight === 1 ? [1, 0.9, 1.3] : [0.7, 0.6, 1.2];
  return [
    {
      ...{ ...rooms, key, against: { server: "ws" }, max: toWs },
      title: `Rooms of 5, ${String(inFlight)} in flight: Node to ws`,
    },
    { ...rooms, key, title: "… to Socket.IO", against: { server: "socket.io" }, max: toSocketIo },
    { ...rooms, key, title: "… to uWebSockets.js", against: { server: "uwebsockets" }, max: toUws },
    { ...rooms, server: bun, key, title: "… Bun to Bun native", against: { server: "bun" }, max: 1.2 },
  ];
});

const BOUNDS: readonly Bound[] = [
  {
    ...fanOut,
    title: "Fan-out, 16 in flight: Node to the tick-wise ws",
    against: { server: "ws-tick" },
    max: 1.15,
  },
  { ...fanOut, title: "… to uWebSockets.js", against: { server: "uwebsockets" }, max: 1.35 },
  { ...fanOut, title: "… to Bun native", against: { server: "bun" }, max: 1.35 },
  { ...fanOut, title: "… to ws", against: { server: "ws" }, max: 1 / 13, label: "1/13" },
  { ...fanOut, title: "… to Socket.IO", against: { server: "socket.io" }, max: 1 / 18, label: "1/18" },
  {
    ...fanOut,
    title: "Fan-out, 16 in flight: Bun to Bun native",
    server: bun,
    against: { server: "bun" },
    max: 1.15,
  },
  { ...single, title: "Fan-out, 1 in flight: Node to ws", against: { server: "ws" }, max: 0.85 },
  {
    title: "2 KB compressed: Node to ws",
    workload: "compressed-1000-2048",
    server: node,
    key: "w16.cpuUs",
    against: { server: "ws" },
    max: 0.2,
    label: "1/5",
  },
  { ...steady, title: "p99 at 30,000 deliveries/s: Node to ws", against: { server: "ws" }, max: 1.2 },
  { ...steady, title: "… Bun to ws", server: bun, against: { server: "ws" }, max: 1.2 },
  {
    ...requests,
    title: "Request, 10 in flight: Node to ws",
    key: "10 in flight.cpuUs",
    max: 1 / 2.5,
    label: "1/2.5",
  },
  {
    ...requests,
    title: "Request, 1 in flight: Node to ws",
    key: "1 in flight.cpuUs",
    max: 1 / 0.9,
    label: "1/0.9",
  },
  {
    ...idle,
    title: "Idle connection, resident: Node to ws",
    key: "idle.rssKib",
    against: { server: "ws" },
    max: 1.4,
  },
  { ...idle, title: "… heap", key: "idle.heapKib", against: { server: "ws" }, max: 1.4 },
  { ...idle, title: "Idle connection, resident: Bun", server: bun, key: "idle.rssKib", max: 3, unit: "KiB" },
  ...["empty", "full"].flatMap((list): Bound[] => {
    const key = `${list}.cpuUs`;
    const title = list === "empty" ? "Connect, from the first on" : "Connect, with all in the list";
    return [
      { ...connects, key, title: `${title}: Node to ws`, against: { server: "ws" }, max: 1.5 },
      { ...connects, key, title: "… to Socket.IO", against: { server: "socket.io" }, max: 0.6 },
    ];
  }),
  ...[node, bun].flatMap((server): Bound[] => {
    const title = `A reader that stops reading, on ${server === node ? "Node" : "Bun"}`;
    return [
      { ...slow, server, key: "slow.heapMib", title: `${title}: heap`, max: 1, unit: "MiB" },
      {
        ...slow,
        server,
        key: "slow.p99Ms",
        title: "… p99 of the others, to before",
        against: { server, key: "before.p99Ms" },
        max: 1.2,
      },
    ];
  }),
  ...roomBounds,
  ...clusterBounds,
];

/** The verdicts on all bounds whose figures have been measured. */
export function checkBounds({ workloads }: Pick<Results, "workloads">): Verdict[] {
  return BOUNDS.flatMap((bound): Verdict[] => {
    const servers = workloads.find(({ id }) => id === bound.workload)?.servers ?? [];
    const values = valuesOf(bound, servers);
    if (values.length === 0) return [];
    const { title, unit = "×", label = String(bound.max) } = bound;
    const measured = median(values);
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const isMet = measured <= bound.max;
    return [{ title, bound: `≤ ${label} ${unit}`, measured, min, max, unit, runs: values.length, isMet }];
  });
}

/** The value of each run. */
function valuesOf({ server, key, against }: Bound, servers: readonly ServerResult[]): number[] {
  const samplesOf = (name: string): readonly (Figures | null)[] =>
    servers.find(({ id }) => id === name)?.samples ?? [];
  const other = against === undefined ? [] : samplesOf(against.server);
  return samplesOf(server).flatMap((sample, run) => {
    const value = sample?.[key];
    if (value === undefined) return [];
    if (against === undefined) return value;
    const divisor = other[run]?.[against.key ?? key];
    return divisor === undefined || divisor === 0 ? [] : value / divisor;
  });
}
