/**
 * `pnpm test`: runs the suites of the workspace with turbo and ends with the line `N passed, N failed`.
 * `pnpm test server e2e` runs only the suites whose name contains one of the words.
 * Where `CI` is set, no result comes from turbo's cache.
 */
import { rmSync } from "node:fs";
import { readResult } from "./report.ts";
import { chooseSuites, type Suite } from "./suites.ts";
import { summarize } from "./summary.ts";
import { runTasks, type TaskOutcome } from "./turbo.ts";

const start = performance.now();
const words = process.argv.slice(2).filter((word) => word !== "--");
const suites = chooseSuites(words);
for (const { report } of suites) rmSync(report, { force: true });

const isFresh = process.env["CI"] === "true";
const outcomes = [
  ...(isFresh ? await runTasks("build") : []),
  // Unit tests run side by side; suites on real sockets and browsers one at a time, because their timing depends on the load.
  ...(await runSuites((suite) => suite.task === "test", isFresh ? [] : ["build"])),
  ...(await runSuites((suite) => suite.task !== "test", ["--concurrency=1"])),
];

const succeeded = summarize({
  suites: suites.map((suite) =>
    readResult(
      suite,
      outcomes.find(({ taskId }) => taskId === suite.id),
    ),
  ),
  failures: findOtherFailures(outcomes),
  durationMs: performance.now() - start,
});
process.exitCode = succeeded ? 0 : 1;

async function runSuites(belongs: (suite: Suite) => boolean, args: readonly string[]) {
  const chosen = suites.filter(belongs);
  if (chosen.length === 0) return [];
  const tasks = new Set(chosen.map(({ task }) => task));
  const filters = words.length === 0 ? [] : new Set(chosen.map((suite) => `--filter=${suite.package}`));
  return runTasks(...tasks, ...filters, ...args, ...(isFresh ? ["--only", "--force"] : []));
}

/** Failures of a build or of turbo itself, which keep suites from running. */
function findOtherFailures(tasks: readonly TaskOutcome[]): string[] {
  const failed = tasks.filter((task) => !task.succeeded).map((task) => task.taskId);
  return [...new Set(failed)]
    .filter((taskId) => !suites.some((suite) => suite.id === taskId))
    .map((taskId) => `${taskId} failed`);
}
