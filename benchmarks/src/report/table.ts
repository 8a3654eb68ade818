/** The tables of the report, for a terminal and for Markdown. */
import { BASELINE } from "../processes/servers.ts";
import type { Verdict } from "../results/bounds.ts";
import type { Comparison } from "../results/comparison.ts";
import { loadBusy, summarize } from "../results/results.ts";
import type { ServerResult, Summary, WorkloadResult } from "../results/results.ts";
import { round } from "../utils/statistics.ts";
import type { FigureSpec } from "../workloads/workload.ts";

/** The rows of bounds, each beside its measured value. */
export function rowsOfBounds(verdicts: readonly Verdict[]): string[][] {
  const head = ["", "bound", "measured", "spread", "runs", "met"];
  return [
    head,
    ...verdicts.map(({ title, bound, measured, min, max, unit, runs, isMet }) => [
      ...[title, bound, `${format(measured)} ${unit}`, `${format(min)}–${format(max)}`, String(runs)],
      isMet ? "yes" : "no",
    ]),
  ];
}

/** The rows of a comparison of two builds, one for each figure of each server. */
export function rowsOfComparison(comparisons: readonly Comparison[]): string[][] {
  const head = ["workload", "server", "figure", "before", "now", "ratio", "spread", "runs", "result"];
  return [
    head,
    ...comparisons.map(({ workload, server, figure, before, now, ratio, min, max, pairs, change }) => [
      ...[workload, server, titleOf(figure), format(before), format(now)],
      ...[ratio.toFixed(3), `${min.toFixed(2)}–${max.toFixed(2)}`, String(pairs), change],
    ]),
  ];
}

/** The rows of a workload: a head, and one for each server. */
export function rowsOf(result: WorkloadResult): string[][] {
  const { figures } = result;
  const head = ["", ...figures.flatMap((figure) => [titleOf(figure), "× ws"]), "load busy"];
  return [head, ...result.servers.map((server) => rowOf(result, server))];
}

function rowOf(result: WorkloadResult, server: ServerResult): string[] {
  const cells = result.figures.flatMap((figure) => {
    const summary = summarize(result, server, figure);
    if (summary === undefined) return ["–", ""];
    return figure.unit === "" ? [String(summary.median), ""] : [valueOf(summary), ratioOf(summary, server)];
  });
  const busy = loadBusy(server);
  return [server.title, ...cells, busy === undefined ? "" : `${String(Math.round(busy * 100))} %`];
}

function titleOf({ title, unit }: FigureSpec): string {
  return unit === "" || title.endsWith(unit) ? title : `${title}, ${unit}`;
}

function valueOf({ median, min, max }: Summary): string {
  const spread = min === max ? "" : ` (${format(min)}–${format(max)})`;
  return `${format(median)}${spread}`;
}

function ratioOf({ ratio }: Summary, { id }: ServerResult): string {
  return ratio === undefined || id === BASELINE ? "" : format(ratio);
}

export function format(value: number): string {
  return round(value).toLocaleString("en", { maximumFractionDigits: 3 });
}

/** A table for a terminal. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...body.map(line)].join("\n");
}

export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [head, rule, ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
