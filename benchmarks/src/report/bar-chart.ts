/** A figure of a workload as a bar chart: an SVG that is readable on light and on dark pages. */
import { isHalyard } from "../processes/servers.ts";
import { summarize } from "../results/results.ts";
import type { ServerResult, Summary, WorkloadResult } from "../results/results.ts";
import type { FigureSpec } from "../workloads/workload.ts";
import { format } from "./table.ts";

const WIDTH = 760;
const NAMES = 190;
const ROW = 30;
const TOP = 64;
const LONGEST = WIDTH - NAMES - 150;

interface Bar {
  readonly server: ServerResult;
  readonly summary: Summary;
}

export function drawBarChart(result: WorkloadResult, figure: FigureSpec): string {
  const bars = result.servers
    .flatMap((server): Bar[] => {
      const summary = summarize(result, server, figure);
      return summary === undefined ? [] : [{ server, summary }];
    })
    .toSorted((a, b) =>
      figure.better === "less" ? a.summary.median - b.summary.median : b.summary.median - a.summary.median,
    );
  const longest = Math.max(...bars.map(({ summary }) => summary.median), Number.MIN_VALUE);
  const height = TOP + bars.length * ROW + 16;
  const hint = `${figure.title}, ${figure.unit}; ${figure.better} is better`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" role="img" aria-label="${escape(`${result.title}: ${hint}`)}">`,
    STYLE,
    `<text class="title" x="0" y="22">${escape(result.title)}</text>`,
    `<text class="hint" x="0" y="44">${escape(hint)}</text>`,
    ...bars.map((bar, index) => drawBar(bar, { y: TOP + index * ROW, longest })),
    "</svg>\n",
  ].join("\n");
}

function drawBar({ server, summary }: Bar, { y, longest }: { y: number; longest: number }): string {
  const width = Math.max(2, Math.round((summary.median / longest) * LONGEST));
  const kind = isHalyard(server.id) ? "own" : "peer";
  const ratio = summary.ratio === undefined || server.id === "ws" ? "" : ` · ${format(summary.ratio)}× ws`;
  return [
    `<text class="name ${kind}" x="${String(NAMES - 12)}" y="${String(y + 15)}">${escape(server.title)}</text>`,
    `<rect class="${kind}" x="${String(NAMES)}" y="${String(y)}" width="${String(width)}" height="20" rx="3"/>`,
    `<text class="value" x="${String(NAMES + width + 8)}" y="${String(y + 15)}">${format(summary.median)}${ratio}</text>`,
  ].join("\n");
}

export const STYLE = `<style>
text { font: 13px system-ui, sans-serif; fill: #3b4252; }
.title { font-size: 16px; font-weight: 600; fill: #1c2230; }
.hint, .value { fill: #667085; font-size: 12px; }
.name { text-anchor: end; }
text.own { font-weight: 600; fill: #0f6b6b; }
rect.own, circle.own { fill: #12908e; }
rect.peer, circle.peer { fill: #b3bccb; }
polyline { fill: none; stroke-width: 2.5; }
polyline.own { stroke: #12908e; }
polyline.peer { stroke: #b3bccb; }
.grid { stroke: #d8dde6; }
@media (prefers-color-scheme: dark) {
  text { fill: #c6cdd9; }
  .title { fill: #eef1f6; }
  .hint, .value { fill: #98a2b3; }
  text.own { fill: #4fd1c5; }
  rect.own, circle.own { fill: #2bb3ab; }
  rect.peer, circle.peer { fill: #4a5468; }
  polyline.own { stroke: #2bb3ab; }
  polyline.peer { stroke: #4a5468; }
  .grid { stroke: #333c4d; }
}
</style>`;

export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
