// `pnpm test`: runs the suites of the workspace with turbo, and ends with the line `N passed, N failed`.
// `pnpm test server e2e` runs only the suites whose names contain one of the words.
// Where `CI` is set, no result comes from the cache of turbo, and up to three failed tests are run a second time.
import { rmSync } from "node:fs";
import { findChromium } from "./browser.ts";
import { findProxies } from "./proxies.ts";
import { findRedisServer } from "./redis-server.ts";
import { readResult } from "./suite-result.ts";
import { repeatFailures } from "./run-suite.ts";
import { chooseSuites, type Suite } from "./suites.ts";
import { summarize } from "./summary.ts";
import { runTasks, type TaskOutcome } from "./turbo.ts";

/** The suites that only compile and read files. */
const READING: ReadonlySet<string> = new Set(["test:house", "test:reference", "test:types"]);

/** The suites that use a core or more: on real sockets, in browsers, and with installed packages. */
const BUSY: ReadonlySet<string> = new Set([
  "test:conformance",
  "test:e2e",
  "test:packed",
  "test:readme",
  "test:robustness",
]);

/** The suites that spend most of their time in waits. */
const WAITING: ReadonlySet<string> = new Set(["test:attacks", "test:redis"]);

/** The longest run that passes where `CI` is set, in minutes. */
const MAX_MINUTES = 25;

const start = performance.now();
const words = process.argv.slice(2).filter((word) => word !== "--");
const suites = chooseSuites(words);
for (const { report } of suites) rmSync(report, { force: true });
// Missing programs are installed before the suites, because two installations cannot run at the same time.
if (words.length === 0) {
  findChromium();
  findRedisServer();
  findProxies();
}

const isFresh = process.env["CI"] === "true";
const outcomes = [
  ...(isFresh ? await runTasks("build") : []),
  // Unit tests and suites that only read; then two busy suites at a time; then the two that mostly wait; at last, alone, the soak,
  // which has deadlines.
  ...(await runSuites(
    ({ task }) => task === "test" || READING.has(task),
    ["--concurrency=2", ...(isFresh ? [] : ["build"])],
  )),
  ...(await runSuites(({ task }) => BUSY.has(task), ["--concurrency=2"])),
  ...(await runSuites(({ task }) => WAITING.has(task), ["--concurrency=2"])),
  ...(await runSuites(({ task }) => task === "test:soak", [])),
];

const results = suites.map((suite) =>
  readResult(
    suite,
    outcomes.find(({ taskId }) => taskId === suite.id),
  ),
);
const succeeded = summarize({
  suites: isFresh ? await repeatFailures(suites, results) : results,
  failures: findOtherFailures(outcomes),
  durationMs: performance.now() - start,
  maxMinutes: MAX_MINUTES,
});
process.exitCode = succeeded ? 0 : 1;

async function runSuites(belongs: (suite: Suite) => boolean, args: readonly string[]) {
  const chosen = suites.filter(belongs);
  if (chosen.length === 0) return [];
  const tasks = new Set(chosen.map(({ task }) => task));
  const filters = words.length === 0 ? [] : new Set(chosen.map((suite) => `--filter=${suite.package}`));
  return runTasks(...tasks, ...filters, ...args, ...(isFresh ? ["--only", "--force"] : []));
}

/** A line for each failed task that is no suite: a build, or turbo itself. */
function findOtherFailures(tasks: readonly TaskOutcome[]): string[] {
  const failed = tasks.filter((task) => !task.succeeded).map((task) => task.taskId);
  return [...new Set(failed)]
    .filter((taskId) => !suites.some((suite) => suite.id === taskId))
    .map((taskId) => `${taskId} failed`);
}
