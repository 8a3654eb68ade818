import { setTimeout as pause } from "node:timers/promises";

/** The 99th percentile of 200 calls in a row, in ms. */
export async function p99(once: () => Promise<void>, pauseMs = 5): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 200; n++) {
    const startedAt = performance.now();
    await once();
    times.push(performance.now() - startedAt);
    await pause(pauseMs);
  }
  return p99Of(times);
}

/** The 99th percentile of some durations. */
export function p99Of(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99) - 1] ?? Infinity;
}
