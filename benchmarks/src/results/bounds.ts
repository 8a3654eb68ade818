import type { Figures } from "../load/job.ts";
import type { Results, ServerResult } from "./results.ts";
import { median } from "../utils/statistics.ts";

/** What a figure is held to: a share of a peer's in the same run, of another figure's, or so much at most. */
interface Bound {
  readonly what: string;
  readonly workload: string;
  readonly server: string;
  readonly key: string;
  /** What the figure is divided by. @default nothing */
  readonly against?: { readonly server: string; readonly key?: string };
  readonly most: number;
  /** How the bound reads, where it is no plain number. */
  readonly reads?: string;
  readonly unit?: string;
}

export interface Verdict {
  readonly what: string;
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
const slow = { workload: "slow-reader" };

const BOUNDS: readonly Bound[] = [
  {
    ...fanOut,
    what: "Fan-out, 16 under way: Node to the tick-wise ws",
    against: { server: "ws-tick" },
    most: 1.15,
  },
  { ...fanOut, what: "… to uWebSockets.js", against: { server: "uwebsockets" }, most: 1.35 },
  { ...fanOut, what: "… to Bun native", against: { server: "bun" }, most: 1.35 },
  { ...fanOut, what: "… to ws", against: { server: "ws" }, most: 1 / 13, reads: "1/13" },
  { ...fanOut, what: "… to Socket.IO", against: { server: "socket.io" }, most: 1 / 18, reads: "1/18" },
  {
    ...fanOut,
    what: "Fan-out, 16 under way: Bun to Bun native",
    server: bun,
    against: { server: "bun" },
    most: 1.15,
  },
  { ...single, what: "Fan-out, 1 under way: Node to ws", against: { server: "ws" }, most: 0.85 },
  {
    what: "2 KB compressed: Node to ws",
    workload: "compressed-1000-2048",
    server: node,
    key: "w16.cpuUs",
    against: { server: "ws" },
    most: 0.2,
    reads: "1/5",
  },
  { ...steady, what: "p99 at 30,000 deliveries/s: Node to ws", against: { server: "ws" }, most: 1.2 },
  { ...steady, what: "… Bun to ws", server: bun, against: { server: "ws" }, most: 1.2 },
  {
    ...requests,
    what: "Request, 10 under way: Node to ws",
    key: "10 under way.cpuUs",
    most: 1 / 2.5,
    reads: "1/2.5",
  },
  {
    ...requests,
    what: "Request, 1 under way: Node to ws",
    key: "1 under way.cpuUs",
    most: 1 / 0.9,
    reads: "1/0.9",
  },
  {
    ...idle,
    what: "Idle connection, resident: Node to ws",
    key: "idle.rssKib",
    against: { server: "ws" },
    most: 1.4,
  },
  { ...idle, what: "… heap", key: "idle.heapKib", against: { server: "ws" }, most: 1.4 },
  { ...idle, what: "Idle connection, resident: Bun", server: bun, key: "idle.rssKib", most: 3, unit: "KiB" },
  ...["empty", "full"].flatMap((list): Bound[] => {
    const key = `${list}.cpuUs`;
    const title = list === "empty" ? "Connect, from the first on" : "Connect, with all in the list";
    return [
      { ...connects, key, what: `${title}: Node to ws`, against: { server: "ws" }, most: 1.5 },
      { ...connects, key, what: "… to Socket.IO", against: { server: "socket.io" }, most: 0.6 },
    ];
  }),
  ...[node, bun].flatMap((server): Bound[] => {
    const title = `A reader that stands still, on ${server === node ? "Node" : "Bun"}`;
    return [
      { ...slow, server, key: "slow.heapMib", what: `${title}: heap`, most: 1, unit: "MiB" },
      {
        ...slow,
        server,
        key: "slow.p99Ms",
        what: "… p99 of the others, to before",
        against: { server, key: "calm.p99Ms" },
        most: 1.2,
      },
    ];
  }),
];

/** Each bound of what was measured, beside what was measured. */
export function judge({ workloads }: Pick<Results, "workloads">): Verdict[] {
  return BOUNDS.flatMap((bound): Verdict[] => {
    const servers = workloads.find(({ id }) => id === bound.workload)?.servers ?? [];
    const values = valuesOf(bound, servers);
    if (values.length === 0) return [];
    const { what, most, unit = "×", reads = String(most) } = bound;
    const measured = median(values);
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const limit = `≤ ${reads} ${unit}`;
    return [{ what, bound: limit, measured, min, max, unit, runs: values.length, isMet: measured <= most }];
  });
}

/** Per run. */
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
