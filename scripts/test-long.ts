// `pnpm test:long`: runs the suites in their long form and the programs of `test/`, and prints the table of `pnpm test`. Takes hours.
// `pnpm test:long conformance versions` runs only the steps whose names contain one of the words.
import { findChromium } from "./browser.ts";
import { run } from "./command.ts";
import { findProxies } from "./proxies.ts";
import { findRedisServer } from "./redis-server.ts";
import type { SuiteResult } from "./suite-result.ts";
import { runSuite } from "./run-suite.ts";
import { chooseSuites } from "./suites.ts";
import { summarize } from "./summary.ts";

/** The suites with a long form: more places, files, clients, and runs of property tests and races. */
const LONG_SUITES: ReadonlySet<string> = new Set([
  "better-auth",
  "client",
  "server",
  "testing",
  "suites conformance",
  "suites e2e",
  "suites packed",
  "suites redis",
  "suites types",
]);
const LONG_FORM = { HALYARD_LONG: "1", HALYARD_ORDERS: "3000", RACES: "10000", RUNS: "100000" };

/** The programs of `test/` by their names in the table. The suites run each of them for some seconds only. */
const PROGRAMS: Readonly<Record<string, string>> = {
  versions: "versions/main.ts",
  runtimes: "runtimes/main.ts",
  soak: "soak/main.ts --seconds 600 --rate 200",
  "soak redis": "soak/main.ts --seconds 600 --nodes 3 --redis",
  storm: "storm/main.ts",
  "storm pin": "storm/main.ts --pin",
  "storm resume": "storm/main.ts --resume",
  "storm flood": "storm/main.ts --flood",
  "storm keep": "storm/main.ts --keep",
  fuzz: "fuzz/main.ts --frames 1000000",
};

const start = performance.now();
const words = process.argv.slice(2).filter((word) => word !== "--");
findChromium();
findRedisServer();
findProxies();

const failures = (await run("turbo", ["run", "build"], { quiet: true })) === 0 ? [] : ["the build failed"];
const suites: SuiteResult[] = [];
for (const suite of chooseSuites(words)) {
  if (LONG_SUITES.has(suite.label)) suites.push(await runSuite(suite, { ...process.env, ...LONG_FORM }));
}
for (const [label, command] of Object.entries(PROGRAMS)) {
  if (words.length === 0 || words.some((word) => label.includes(word)))
    suites.push(await runProgram(label, command));
}
process.exitCode = summarize({ suites, failures, durationMs: performance.now() - start }) ? 0 : 1;

async function runProgram(label: string, command: string): Promise<SuiteResult> {
  process.stdout.write(`\n── ${label}\n`);
  const begin = performance.now();
  const code = await run("node", command.split(" "), { cwd: "test" });
  return {
    label,
    passed: code === 0 ? 1 : 0,
    failures: code === 0 ? [] : [`${label}: node test/${command} ended with exit code ${code}`],
    leftOut: [],
    durationMs: performance.now() - begin,
    cached: false,
  };
}
