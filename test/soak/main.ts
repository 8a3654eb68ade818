/** `pnpm soak`: one node, many clients, and everything that can go wrong; then all logs are checked. */
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
  if (options === undefined) say(HELP);
  else process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function main(options: SoakOptions): Promise<boolean> {
  const { seed, seconds, clients, rooms, rate, logs } = options;
  say(
    `Seed ${seed}: ${seconds} s of trouble for ${clients} clients in ${rooms} rooms, ${rate} sends per second`,
  );
  const missing = whyNoChromium();
  if (missing !== undefined) say(`The page in Chromium is left out: ${missing}`);
  const start = performance.now();
  const soaked = await soak(options, missing === undefined);
  const soakedMs = performance.now() - start;
  const verdict = judge(soaked.logs);
  say(`\n${reportOf(options, soaked, verdict)}`);
  say(`${duration(soakedMs)}, and ${duration(performance.now() - start - soakedMs)} for the check`);
  const isOk = isClean(soaked, verdict);
  if (isOk && logs === undefined) rmSync(soaked.directory, { recursive: true });
  return isOk;
}

function whyNoChromium(): string | undefined {
  try {
    findChromium();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
