import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { run } from "./command.ts";
import { readResult, type SuiteResult } from "./report.ts";
import type { Suite } from "./suites.ts";

const vitest = resolve("node_modules/vitest/vitest.mjs");

/** Runs a suite without turbo, on the Node at the path `node`: no result comes from a cache, and none is stored there. */
export async function runSuite(
  suite: Suite,
  env: NodeJS.ProcessEnv,
  node = process.execPath,
): Promise<SuiteResult> {
  const [program, ...args] = suite.command.split(" ");
  if (program !== "vitest") throw new Error(`${suite.label} is not run by vitest: ${suite.command}`);
  rmSync(suite.report, { force: true });
  const code = await run(node, [vitest, ...args], { cwd: suite.directory, env });
  return readResult(suite, { taskId: suite.id, succeeded: code === 0, cached: false });
}
