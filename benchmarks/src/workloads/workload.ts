/** The type of a workload: the job of the load, the servers that take part, and the figures of the report. */
import type { JobPlan } from "../load/job.ts";

export interface FigureSpec {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "less" | "more";
  /** Whether the figure has a bar chart. @default false */
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
  /** A description of the load and of the figures, for the report. */
  readonly about: string;
  /** The dialect of the clients of Halyard: `v1` sends hello and gets receipts. Peers have one dialect only. */
  readonly dialect: "plain" | "v1";
  readonly plan: JobPlan;
  readonly figures: readonly FigureSpec[];
  readonly curves?: readonly LineChartSpec[];
  /** The ids of the servers that do not take part. @default none */
  readonly without?: readonly string[];
  /** @default 3 */
  readonly runs?: number;
  /** The ids of the servers that take part in the first three runs only, because they have no bound. @default none */
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
