import { setTimeout as pause } from "node:timers/promises";

/** Of 200 tries, a hundredth took longer than this. */
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

export function p99Of(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99) - 1] ?? Infinity;
}
