import { expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

const CLIENTS = 5_000;
const SLICE_MS = 100;

/** Random numbers that a seed repeats: Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** When each client starts its first attempt after the outage, in ascending order. */
function returns(awayMs: number, random: () => number): number[] {
  return Array.from({ length: CLIENTS }, () => {
    let at = 0;
    for (let failures = 0; at < awayMs; failures++) at += backoffMs(failures, random());
    return at;
  }).sort((a, b) => a - b);
}

it.each([300, 1_000, 2_500, 3_000, 5_200, 10_000])(
  "brings 5,000 clients back within 30 s of an outage of %i ms, and never all at once",
  (awayMs) => {
    for (let seed = 1; seed <= 20; seed++) {
      const back = returns(awayMs, seeded(seed));
      expect(back.at(-1)).toBeLessThan(awayMs + 30_000);
      const most = back.slice(0, CLIENTS * 0.95);
      const spanMs = (most.at(-1) ?? 0) - awayMs;
      const slices = new Map<number, number>();
      for (const at of most) {
        const slice = Math.floor((at - awayMs) / SLICE_MS);
        slices.set(slice, (slices.get(slice) ?? 0) + 1);
      }
      const mean = most.length / (spanMs / SLICE_MS);
      expect(Math.max(...slices.values()) / mean, `seed ${String(seed)}`).toBeLessThanOrEqual(4.5);
    }
  },
);
