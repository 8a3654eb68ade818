import type { Usage } from "./cpu.ts";
import type { Figures } from "./job.ts";

/** What a stretch of time cost, per thing that was done in it. */
export function costs(name: string, { serverCpu, loadCpu, wall }: Usage, done: number): Figures {
  if (done === 0) throw new Error(`${name}: nothing was done`);
  return prefix(name, {
    cpuUs: serverCpu / done,
    perSecond: (done / wall) * 1e6,
    serverBusy: serverCpu / wall,
    loadBusy: loadCpu / wall,
  });
}

export function prefix(name: string, figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name}.${key}`, value]));
}

/** @param sorted ascending */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
