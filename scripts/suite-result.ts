import { existsSync, readFileSync } from "node:fs";
import type { Suite } from "./suites.ts";
import type { TaskOutcome } from "./turbo.ts";

export interface SuiteResult {
  readonly label: string;
  readonly passed: number;
  /** One line for each failure. A skipped test without a reason is a failure, too. */
  readonly failures: readonly string[];
  /** The files with failures. @default none: the failure is outside of test files */
  readonly failedFiles?: readonly string[];
  /** One line for each test that failed, and passed in a second run. @default none */
  readonly unsteady?: readonly string[];
  /** One line for each test that this machine cannot run, with the reason. */
  readonly leftOut: readonly string[];
  readonly durationMs: number;
  readonly cached: boolean;
}

interface VitestReport {
  readonly startTime: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly endTime: number;
    readonly assertionResults: readonly TestResult[];
  }[];
}

interface TestResult {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[];
  readonly meta?: {
    /** Why this machine cannot run the test (test/support/left-out.ts). */
    readonly leftOut?: string;
  };
}

/** Reads the report of a suite. A suite without a report, or without a test, is a failure. */
export function readResult(suite: Suite, outcome: TaskOutcome | undefined): SuiteResult {
  const report = existsSync(suite.report)
    ? (JSON.parse(readFileSync(suite.report, "utf8")) as VitestReport)
    : undefined;
  const tests = report?.testResults.flatMap((file) => file.assertionResults) ?? [];
  const failures = report === undefined ? ["ended without a report"] : findFailures(report);
  if (failures.length === 0 && tests.length === 0) failures.push("has no tests");
  if (failures.length === 0 && outcome?.succeeded !== true) failures.push("failed outside of its tests");
  return {
    label: suite.label,
    passed: tests.filter(isPassed).length,
    failures: failures.map((failure) => `${suite.label}: ${failure}`),
    failedFiles: (report?.testResults ?? []).filter(isFailed).map(({ name }) => name),
    leftOut: tests
      .filter(isLeftOut)
      .map(({ fullName, meta }) => `${suite.label}: ${fullName}: ${meta?.leftOut}`),
    durationMs: Math.max(0, ...(report?.testResults.map((file) => file.endTime - report.startTime) ?? [])),
    cached: outcome?.cached === true,
  };
}

function findFailures({ testResults }: VitestReport): string[] {
  const tests = testResults.flatMap((file) => file.assertionResults);
  return [
    ...tests
      .filter((test) => !isPassed(test) && !isLeftOut(test))
      .map((test) => `${test.fullName} (${describeFailure(test)})`),
    ...testResults
      .filter((file) => isFailed(file) && !file.assertionResults.some(isFailed))
      .map((file) => `${file.name} (did not load, or a hook failed)`),
  ];
}

function describeFailure({ status, failureMessages = [] }: TestResult): string {
  return failureMessages[0]?.split("\n", 1)[0] ?? status;
}

function isPassed({ status }: { readonly status: string }): boolean {
  return status === "passed";
}

function isLeftOut({ status, meta }: TestResult): boolean {
  return status === "skipped" && meta?.leftOut !== undefined;
}

function isFailed({ status }: { readonly status: string }): boolean {
  return status === "failed";
}
