import type { SuiteResult } from "./report.ts";
import { minutes, table } from "./table.ts";

/** The longest test run, in minutes, that passes where `CI` is set. */
const MAX_MINUTES = 25;

export interface TestRun {
  readonly suites: readonly SuiteResult[];
  /** Failures outside of the suites, such as a failed build. */
  readonly failures: readonly string[];
  /** From the first build to the last test, in ms. */
  readonly durationMs: number;
}

/** Writes the closing table and the line `N passed, N failed`; true when all went well. */
export function summarize({ suites, failures: others, durationMs }: TestRun): boolean {
  const isLate = process.env["CI"] === "true" && durationMs > MAX_MINUTES * 60_000;
  const failures = [
    ...others,
    ...suites.flatMap((suite) => suite.failures),
    ...(suites.length === 0 ? ["no suite has such a name"] : []),
    ...(isLate ? [`took ${minutes(durationMs)}, over ${MAX_MINUTES} minutes`] : []),
  ];
  const passed = suites.reduce((sum, suite) => sum + suite.passed, 0);
  const rows = suites.map((suite) => [
    suite.label,
    suite.passed,
    suite.failures.length,
    minutes(suite.durationMs),
    suite.cached ? "cached" : "",
  ]);
  const summary = [
    table(["suite", "passed", "failed", "min:s", ""], rows),
    `In ${minutes(durationMs)} minutes, builds included; at most ${MAX_MINUTES} where CI is set.`,
    failures.map((failure) => `✗ ${failure}`).join("\n"),
    `${passed} passed, ${failures.length} failed`,
  ];
  process.stdout.write(`\n${summary.filter(Boolean).join("\n\n")}\n`);
  return failures.length === 0;
}
