/**
 * Runs the suites of the workspace through turbo's cache and ends with the line `N passed, N failed`.
 * `pnpm test server` or `pnpm test e2e` runs only the suites whose name contains one of the words.
 */
import { rmSync } from "node:fs";
import { run } from "./command.ts";
import { readResult, type SuiteResult } from "./report.ts";
import { findSuites, type Suite } from "./suites.ts";
import { duration, table } from "./table.ts";

const words = process.argv.slice(2).filter((word) => word !== "--");
const suites = findSuites().filter(
  ({ label }) => words.length === 0 || words.some((word) => label.includes(word)),
);
for (const { report } of suites) rmSync(report, { force: true });

// Unit tests run side by side; suites on real sockets and browsers one at a time, so that they do not disturb each other.
const unit = await runSuites(
  suites.filter(({ task }) => task === "test"),
  words.length === 0 ? ["build", "--concurrency=2"] : ["--concurrency=2"],
);
const real = await runSuites(
  suites.filter(({ task }) => task !== "test"),
  ["--concurrency=1"],
);
process.exitCode = summarize(suites.map(readResult), unit === 0 && real === 0) ? 0 : 1;

async function runSuites(chosen: readonly Suite[], args: readonly string[]): Promise<number> {
  if (chosen.length === 0) return 0;
  const tasks = new Set(chosen.map(({ task }) => task));
  const filters = words.length === 0 ? [] : chosen.map((suite) => `--filter=${suite.package}`);
  return run("turbo", ["run", ...tasks, ...new Set(filters), ...args, "--continue=dependencies-successful"]);
}

function summarize(results: readonly SuiteResult[], tasksSucceeded: boolean): boolean {
  const failures = results.flatMap((result) => result.failures);
  if (!tasksSucceeded && failures.length === 0) failures.push("a task failed outside of the suites");
  if (results.length === 0) failures.push("no suites found");
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const rows = results.map((result) => [
    result.label,
    result.passed,
    result.failed,
    result.skipped,
    duration(result.durationMs),
  ]);
  const summary = [
    table(["suite", "passed", "failed", "skipped", "time"], rows),
    failures.map((failure) => `✗ ${failure}`).join("\n"),
    `${String(passed)} passed, ${String(failures.length)} failed`,
  ];
  process.stdout.write(`\n${summary.filter(Boolean).join("\n\n")}\n`);
  return failures.length === 0;
}
