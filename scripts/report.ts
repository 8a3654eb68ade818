import { existsSync, readFileSync } from "node:fs";
import type { Suite } from "./suites.ts";

export interface SuiteResult {
  readonly label: string;
  readonly passed: number;
  /** Failed tests, and skipped ones: a test that did not run has shown nothing. */
  readonly failed: number;
  readonly skipped: number;
  readonly durationMs: number;
  /** One line for each thing that went wrong. */
  readonly failures: readonly string[];
}

interface VitestReport {
  readonly success: boolean;
  readonly startTime: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Reads what a suite reported. A suite without a report, or without a test, counts as one failure. */
export function readResult(suite: Suite): SuiteResult {
  const { label } = suite;
  if (!existsSync(suite.report)) return broken(label, "ended without a report");
  const report = JSON.parse(readFileSync(suite.report, "utf8")) as VitestReport;
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const failures = [
    ...tests.filter(({ status }) => status !== "passed").map((test) => `${test.fullName} (${test.status})`),
    ...report.testResults
      .filter((file) => file.status === "failed" && file.assertionResults.every(isPassed))
      .map((file) => `${file.name} (did not load, or its hooks failed)`),
  ];
  if (tests.length === 0 && failures.length === 0) return broken(label, "has no tests");
  if (!report.success && failures.length === 0) failures.push("failed outside of its tests");
  return {
    label,
    passed: tests.filter(isPassed).length,
    failed: failures.length,
    skipped: tests.filter(({ status }) => status !== "passed" && status !== "failed").length,
    durationMs: Math.max(0, ...report.testResults.map((file) => file.endTime - report.startTime)),
    failures: failures.map((failure) => `${label}: ${failure}`),
  };
}

function isPassed(test: { readonly status: string }): boolean {
  return test.status === "passed";
}

function broken(label: string, reason: string): SuiteResult {
  return { label, passed: 0, failed: 1, skipped: 0, durationMs: 0, failures: [`${label}: ${reason}`] };
}
