import { describe, expect, it } from "vitest";
import { findFaults } from "../fuzz/fuzz-report.ts";
import { fuzz } from "../fuzz/fuzz.ts";
import { IS_LONG } from "../support/long-run.ts";

const FRAMES = IS_LONG ? 20_000 : 5_000;

/** The short form of `pnpm fuzz --frames 1000000`. */
describe.each(["node", "bun"] as const)("random, mutated and structure-aware frames, on %s", (runtime) => {
  it("the server survives thousands of hostile frames, keeps its memory size and loses no message of a healthy client", async () => {
    const seed = Date.now() % 1_000_000;
    const report = await fuzz({ runtime, frames: FRAMES, seed });
    expect(findFaults(report), `seed ${String(seed)}`).toEqual([]);
  }, 180_000);
});
