import type { SuiteResult } from "./suite-result.ts";
import { minutes, table } from "./table.ts";

export interface TestRun {
  readonly suites: readonly SuiteResult[];
  /** Failures outside of the suites, such as a failed build. */
  readonly failures: readonly string[];
  /** The time from the first build to the last test, in ms. */
  readonly durationMs: number;
  /** The longest run that passes where `CI` is set, in minutes. @default no limit */
  readonly maxMinutes?: number;
}

/** Prints the closing table and the line `N passed, N failed`. @returns whether there were no failures */
export function summarize({ suites, failures: others, durationMs, maxMinutes }: TestRun): boolean {
  const isLate = maxMinutes !== undefined && process.env["CI"] === "true" && durationMs > maxMinutes * 60_000;
  const failures = [
    ...others,
    ...suites.flatMap((suite) => suite.failures),
    ...(suites.length === 0 ? ["no suite has a name with these words"] : []),
    ...(isLate ? [`took ${minutes(durationMs)} (min:s), more than ${maxMinutes} min`] : []),
  ];
  const leftOut = suites.flatMap((suite) => suite.leftOut);
  const unsteady = suites.flatMap((suite) => suite.unsteady ?? []);
  const passed = suites.reduce((sum, suite) => sum + suite.passed, 0);
  const rows = suites.map((suite) => [
    suite.label,
    suite.passed,
    suite.failures.length,
    suite.unsteady?.length ?? 0,
    suite.leftOut.length,
    minutes(suite.durationMs),
    suite.cached ? "cached" : "",
  ]);
  const summary = [
    table(["suite", "passed", "failed", "run again", "left out", "min:s", ""], rows),
    `Took ${minutes(durationMs)} (min:s) with builds${maxMinutes === undefined ? "" : `; at most ${maxMinutes} min where CI is set`}.`,
    leftOut.map((test) => `– left out: ${test}`).join("\n"),
    unsteady.map((test) => `↻ passed when run again: ${test}`).join("\n"),
    failures.map((failure) => `✗ ${failure}`).join("\n"),
    `${passed} passed, ${failures.length} failed${leftOut.length === 0 ? "" : `, ${leftOut.length} left out`}`,
  ];
  process.stdout.write(`\n${summary.filter(Boolean).join("\n\n")}\n`);
  return failures.length === 0;
}
