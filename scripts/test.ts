/**
 * Runs the suites of the workspace through turbo's cache and ends with the line `N passed, N failed`.
 * `pnpm test server` or `pnpm test e2e` runs only the suites whose name contains one of the words.
 */
import { rmSync } from "node:fs";
import { readResult, type SuiteResult } from "./report.ts";
import { findSuites, type Suite } from "./suites.ts";
import { duration, table } from "./table.ts";
import { runTasks, type TaskOutcome } from "./turbo.ts";

const words = process.argv.slice(2).filter((word) => word !== "--");
const suites = findSuites().filter(
  ({ label }) => words.length === 0 || words.some((word) => label.includes(word)),
);
for (const { report } of suites) rmSync(report, { force: true });

// Unit tests run side by side; suites on real sockets and browsers one at a time, so that none disturbs another.
const outcomes = [
  ...(await runSuites((suite) => suite.task === "test", ["build"])),
  ...(await runSuites((suite) => suite.task !== "test", ["--concurrency=1"])),
];
const results = suites.map((suite) =>
  readResult(
    suite,
    outcomes.find(({ taskId }) => taskId === suite.id),
  ),
);
const succeeded = summarize(results, findOtherFailures(outcomes));
process.exitCode = succeeded ? 0 : 1;

async function runSuites(belongs: (suite: Suite) => boolean, args: readonly string[]) {
  const chosen = suites.filter(belongs);
  if (chosen.length === 0) return [];
  const tasks = new Set(chosen.map(({ task }) => task));
  const filters = words.length === 0 ? [] : new Set(chosen.map((suite) => `--filter=${suite.package}`));
  return runTasks(...tasks, ...filters, ...args);
}

/** What kept suites from being run at all: a build, or turbo itself. */
function findOtherFailures(tasks: readonly TaskOutcome[]): string[] {
  const failed = tasks.filter((task) => !task.succeeded).map((task) => task.taskId);
  return [...new Set(failed)].filter((taskId) => !suites.some((suite) => suite.id === taskId));
}

function summarize(all: readonly SuiteResult[], others: readonly string[]): boolean {
  const failures = [...others.map((taskId) => `${taskId} failed`), ...all.flatMap((suite) => suite.failures)];
  if (all.length === 0) failures.push("no suite has such a name");
  const passed = all.reduce((sum, suite) => sum + suite.passed, 0);
  const rows = all.map((suite) => [
    suite.label,
    suite.passed,
    suite.failures.length,
    duration(suite.durationMs),
    suite.cached ? "cached" : "",
  ]);
  const summary = [
    table(["suite", "passed", "failed", "time", ""], rows),
    failures.map((failure) => `✗ ${failure}`).join("\n"),
    `${passed} passed, ${failures.length} failed`,
  ];
  process.stdout.write(`\n${summary.filter(Boolean).join("\n\n")}\n`);
  return failures.length === 0;
}
