// Reads the figures that Linux has of another process: its peak memory, and the times of its main thread.
// The storms read them before and after a measurement. A busy process delays no reading, because it takes no part in it.
import { readFileSync } from "node:fs";

const NS_PER_MS = 1e6;

/** The peak of the resident memory since the start of the process, in bytes. */
export function peakMemoryOf(pid: number): number {
  const [, kilobytes = "0"] =
    /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1_024;
}

/** The time that the main thread ran, and the time that it was ready to run while no core was free. */
export function timesOf(pid: number): { readonly cpuMs: number; readonly waitedMs: number } {
  const [cpu = "0", waited = "0"] = readFileSync(`/proc/${String(pid)}/schedstat`, "utf8").split(" ");
  return { cpuMs: Number(cpu) / NS_PER_MS, waitedMs: Number(waited) / NS_PER_MS };
}
