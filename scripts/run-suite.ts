import { rmSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { run } from "./command.ts";
import { readResult, type SuiteResult } from "./report.ts";
import type { Suite } from "./suites.ts";

/** So many failures are a fault and no matter of timing: nothing is run again. */
const MAX_FAILURES_TO_REPEAT = 3;

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

/**
 * Runs the files of a few failed tests a second time, alone on the machine. A test that passes then is reported as unsteady,
 * with what it said at first: on two shared cores a test on real sockets and browsers can miss its time.
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
