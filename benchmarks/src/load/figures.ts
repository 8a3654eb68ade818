/** Computes named figures from the CPU times of a measurement. Used by every workload. */
import type { Usage } from "./cpu.ts";
import type { Figures } from "./job.ts";

/** The figures per operation. */
export function costs(name: string, { serverCpu, loadCpu, wall }: Usage, operations: number): Figures {
  if (operations === 0) throw new Error(`${name}: nothing was done`);
  return prefix(name, {
    cpuUs: serverCpu / operations,
    perSecond: (operations / wall) * 1e6,
    serverBusy: serverCpu / wall,
    loadBusy: loadCpu / wall,
  });
}

export function prefix(name: string, figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name}.${key}`, value]));
}
