import { rmSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { run } from "./command.ts";
import { readResult, type SuiteResult } from "./suite-result.ts";
import type { Suite } from "./suites.ts";

/** With more failures no test is run again: a fault, and not the timing, is then likely. */
const MAX_FAILURES_TO_REPEAT = 3;

const vitest = resolve("node_modules/vitest/vitest.mjs");

/** Runs a suite on the Node at the path `node`, without turbo and its cache. */
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

/**
 * Runs the files of at most {@link MAX_FAILURES_TO_REPEAT} failed tests a second time, one at a time. A test that passes then is
 * reported as unsteady, with its first error: on a busy machine a test on real sockets or in a browser can miss its deadline.
 */
export async function repeatFailures(
  suites: readonly Suite[],
  results: readonly SuiteResult[],
): Promise<SuiteResult[]> {
  const count = results.reduce((sum, { failures }) => sum + failures.length, 0);
  const repeated: SuiteResult[] = [];
  for (const result of results) {
    const suite = suites.find(({ label }) => label === result.label);
    const isRepeated = suite !== undefined && result.failedFiles?.length && count <= MAX_FAILURES_TO_REPEAT;
    repeated.push(isRepeated ? await repeatFailedFiles(suite, result) : result);
  }
  return repeated;
}

async function repeatFailedFiles(suite: Suite, first: SuiteResult): Promise<SuiteResult> {
  const files = (first.failedFiles ?? []).map((file) => relative(resolve(suite.directory), file));
  const report = suite.report.replace(".json", "-again.json");
  const command = [suite.command.replace(basename(suite.report), basename(report)), ...files].join(" ");
  const second = await runSuite({ ...suite, report, command }, process.env);
  if (second.failures.length > 0) return first;
  return { ...first, passed: first.passed + first.failures.length, failures: [], unsteady: first.failures };
}
