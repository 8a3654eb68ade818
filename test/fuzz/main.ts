/**
 * Runs the fuzzer against a server on Node and one on Bun, and prints its reports.
 *
 *   pnpm fuzz --frames 1000000 --seed 7 --runtime node
 */
import { parseArgs } from "node:util";
import type { Runtime } from "../support/app-server.ts";
import { findFaults } from "./fuzz-report.ts";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    frames: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    runtime: { type: "string" },
  },
});
const runtimes = (["node", "bun"] as const).filter(
  (runtime: Runtime) => values.runtime === undefined || values.runtime === runtime,
);
const FORGET_MS = 330_000;
const [frames, seed] = [Number(values.frames), Number(values.seed)];
for (const runtime of runtimes) {
  const onProgress = (count: number): boolean =>
    process.stderr.write(`\r${runtime}: ${String(count)} frames `);
  process.stdout.write(`${runtime}, ${String(frames)} frames, seed ${String(seed)}\n`);
  const report = await fuzz({ runtime, frames, seed, forgetMs: FORGET_MS, onProgress });
  process.stderr.write("\n");
  process.stdout.write(
    `${JSON.stringify({ ...report, missed: report.missed.slice(0, 20) }, undefined, 2)}\n`,
  );
  const faults = findFaults(report);
  process.stdout.write(faults.length === 0 ? "nothing was found\n" : `FOUND: ${faults.join("; ")}\n`);
  if (faults.length > 0) process.exitCode = 1;
}
