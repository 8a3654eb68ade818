// `pnpm soak`: runs one node, or several on Redis, and many clients under every fault, and then checks the logs of all processes.
// Prints a report, and exits with 1 if a promise was broken. The same seed gives the same plan of faults.
import { rmSync } from "node:fs";
import { findChromium } from "../../scripts/browser.ts";
import { duration } from "../../scripts/table.ts";
import { HELP, readOptions } from "./options.ts";
import type { SoakOptions } from "./options.ts";
import { isClean, reportOf } from "./report.ts";
import { soak } from "./soak.ts";
import { judge } from "./verdict.ts";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) print(HELP);
  else process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function main(options: SoakOptions): Promise<boolean> {
  const { seed, seconds, clients, rooms, rate, nodes, redis, logs } = options;
  print(
    `Seed ${seed}: ${seconds} s of faults, ${clients} clients in ${rooms} rooms, ${rate} sends per second, ${nodes === 1 ? "one node" : `${nodes} nodes`}${redis ? " on Redis" : ""}`,
  );
  const missing = chromiumProblem();
  if (missing !== undefined) print(`Without the page in Chromium: ${missing}`);
  const start = performance.now();
  const result = await soak(options, missing === undefined);
  const soakMs = performance.now() - start;
  const verdict = judge(result.logs);
  print(`\n${reportOf(options, result, verdict)}`);
  print(`${duration(soakMs)}, and ${duration(performance.now() - start - soakMs)} for the check`);
  const isOk = isClean(result, verdict);
  if (isOk && logs === undefined) rmSync(result.directory, { recursive: true });
  return isOk;
}

function chromiumProblem(): string | undefined {
  try {
    findChromium();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
