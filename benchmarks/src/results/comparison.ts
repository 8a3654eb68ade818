/**
 * Compares the figures of two builds, from the samples of interleaved runs. Used by `against.ts`.
 * A figure is unchanged if its ratio is within ±5 %, or if the spread of the pairs includes 1.
 */
import type { Figures } from "../load/job.ts";
import { median } from "../utils/statistics.ts";
import type { FigureSpec } from "../workloads/workload.ts";

/** A run of each build, one directly after the other; null for a failed run. */
export interface Pair {
  readonly before: Figures | null;
  readonly now: Figures | null;
}

export interface Comparison {
  readonly workload: string;
  readonly server: string;
  readonly figure: FigureSpec;
  /** The medians of each build. */
  readonly before: number;
  readonly now: number;
  /** The ratio of the medians, now to before. */
  readonly ratio: number;
  /** The least and the largest ratio of a pair. */
  readonly min: number;
  readonly max: number;
  readonly pairs: number;
  readonly change: "within 5 %" | "within spread" | "changed";
}

const TOLERANCE = 0.05;

/** The figures to compare: costs only, because a rate is the inverse of a cost. */
export function comparedFigures(figures: readonly FigureSpec[]): FigureSpec[] {
  return figures.filter(({ better }) => better === "less");
}

/** @returns undefined if no pair has the figure of both builds */
export function compare(
  what: Pick<Comparison, "workload" | "server" | "figure">,
  pairs: readonly Pair[],
): Comparison | undefined {
  const values = pairs.flatMap(({ before, now }) => {
    const [a, b] = [before?.[what.figure.key], now?.[what.figure.key]];
    return a === undefined || b === undefined || a === 0 ? [] : { before: a, now: b };
  });
  if (values.length === 0) return undefined;
  const before = median(values.map((pair) => pair.before));
  const now = median(values.map((pair) => pair.now));
  const ratios = values.map((pair) => pair.now / pair.before);
  const [ratio, min, max] = [now / before, Math.min(...ratios), Math.max(...ratios)];
  return { ...what, before, now, ratio, min, max, pairs: values.length, change: changeOf(ratio, min, max) };
}

function changeOf(ratio: number, min: number, max: number): Comparison["change"] {
  if (Math.abs(ratio - 1) <= TOLERANCE) return "within 5 %";
  return min <= 1 && max >= 1 ? "within spread" : "changed";
}
