/** What a workload is: the job of the load, the servers that take part, and the figures of the report. */
import type { JobPlan } from "../load/job.ts";

export interface FigureSpec {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "less" | "more";
  /** Drawn as a bar chart. @default false */
  readonly isDrawn?: boolean;
}

/** Figures of a workload as a function of a number. */
export interface LineChartSpec {
  readonly id: string;
  readonly title: string;
  readonly across: string;
  readonly up: string;
  readonly points: readonly { readonly x: number; readonly key: string }[];
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  /** What happens, and what is measured. */
  readonly about: string;
  /** Whether Halyard's clients send hello and get receipts. Peers have one dialect only. */
  readonly dialect: "plain" | "v1";
  readonly plan: JobPlan;
  readonly figures: readonly FigureSpec[];
  readonly curves?: readonly LineChartSpec[];
  /** Servers that do not take part. */
  readonly without?: readonly string[];
  /** @default 3 */
  readonly runs?: number;
  /** Servers that take part in the first three runs only, because no bound is about them. */
  readonly onlyFirstRuns?: readonly string[];
}

export interface Scale {
  readonly isQuick: boolean;
  readonly durationMs: number;
}

export const RUNS = 3;

export const cpu = (key: string, title: string, isDrawn = false): FigureSpec => ({
  key: `${key}.cpuUs`,
  title,
  unit: "µs",
  better: "less",
  isDrawn,
});

export const rate = (key: string, title: string): FigureSpec => ({
  key: `${key}.perSecond`,
  title,
  unit: "/s",
  better: "more",
});
