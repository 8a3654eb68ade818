import type { JobPlan } from "../load/job.ts";

export interface FigureSpec {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "less" | "more";
  /** Drawn as a picture. */
  readonly isDrawn?: boolean;
}

/** Figures of a workload that lie on a line: how one thing grows with another. */
export interface CurveSpec {
  readonly id: string;
  readonly title: string;
  readonly across: string;
  readonly up: string;
  readonly points: readonly { readonly x: number; readonly key: string }[];
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  /** One sentence: what happens. */
  readonly about: string;
  /** Whether Halyard's client says hello and wants receipts. Others know only one way. */
  readonly dialect: "plain" | "v1";
  readonly plan: JobPlan;
  readonly figures: readonly FigureSpec[];
  readonly curves?: readonly CurveSpec[];
  /** Servers that cannot do it, or of which it says nothing. */
  readonly without?: readonly string[];
  /** Where more than three runs are needed. */
  readonly runs?: number;
  /** Servers that no bound is about take part in three runs. */
  readonly inThree?: readonly string[];
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
