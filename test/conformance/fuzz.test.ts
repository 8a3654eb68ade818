import { describe, expect, it } from "vitest";
import { findFaults } from "../fuzz/fuzz-report.ts";
import { fuzz } from "../fuzz/fuzz.ts";

/** The short form of `pnpm fuzz --frames 1000000`. */
describe.each(["node", "bun"] as const)(
  "20,000 random, mutated and structure-aware frames, on %s",
  (runtime) => {
    it("the server survives 20,000 hostile frames, keeps its memory size and loses no message of a healthy client", async () => {
      const seed = Date.now() % 1_000_000;
      const report = await fuzz({ runtime, frames: 20_000, seed });
      expect(findFaults(report), `seed ${String(seed)}`).toEqual([]);
    }, 180_000);
  },
);
