/**
 * The results of a benchmark as they are stored in `results.json`.
 * Written by `peers.ts`, read by the report and the bounds.
 */
import { existsSync, readFileSync } from "node:fs";
import type { Figures } from "../load/job.ts";
import type { Machine } from "../processes/machine.ts";
import { BASELINE } from "../processes/servers.ts";
import { median } from "../utils/statistics.ts";
import type { FigureSpec, Workload } from "../workloads/workload.ts";

/** The figures of one workload, of each server and run. */
export interface WorkloadResult extends Pick<Workload, "id" | "title" | "about" | "figures" | "curves"> {
  readonly measuredAt: string;
  /** The load average of the machine before the workload. */
  readonly loadAverage: number;
  readonly settings: object;
  readonly runs: number;
  readonly servers: readonly ServerResult[];
}

export interface ServerResult {
  readonly id: string;
  readonly title: string;
  /** The figures of each run; null for a failed run. */
  readonly samples: readonly (Figures | null)[];
  readonly failure?: string | undefined;
}

export interface Results {
  readonly machine: Machine;
  readonly settings: object;
  readonly workloads: readonly WorkloadResult[];
}

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The median of the ratios to the baseline in the same run; undefined without a baseline. */
  readonly ratio: number | undefined;
}

export function summarize(
  result: WorkloadResult,
  server: ServerResult,
  { key }: FigureSpec,
): Summary | undefined {
  const baseline = result.servers.find(({ id }) => id === BASELINE);
  const values = server.samples.flatMap((sample) => sample?.[key] ?? []);
  if (values.length === 0) return undefined;
  const ratios = server.samples.flatMap((sample, run) => {
    const [own, other] = [sample?.[key], baseline?.samples[run]?.[key]];
    return own === undefined || other === undefined || other === 0 ? [] : own / other;
  });
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    ratio: ratios.length === 0 ? undefined : median(ratios),
  };
}

/** The largest share of a core that the load process used. Near 1, the load may have been the bottleneck. */
export function loadBusy({ samples }: ServerResult): number | undefined {
  const shares = samples.flatMap((sample) =>
    Object.entries(sample ?? {}).flatMap(([key, value]) => (key.endsWith(".loadBusy") ? value : [])),
  );
  return shares.length === 0 ? undefined : Math.max(...shares);
}

/** The results of a file, in which new results replace those of the same workloads. */
export function mergeResults(path: string, results: Results, order: readonly string[]): Results {
  const known = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results).workloads : [];
  const fresh = new Set(results.workloads.map(({ id }) => id));
  const workloads = [...known.filter(({ id }) => !fresh.has(id)), ...results.workloads];
  const rank = (id: string): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return { ...results, workloads: workloads.toSorted((a, b) => rank(a.id) - rank(b.id)) };
}
