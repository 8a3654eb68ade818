/** Figures of a workload as a line chart with a line for each server. */
import { isHalyard } from "../processes/servers.ts";
import type { ServerResult, WorkloadResult } from "../results/results.ts";
import { median } from "../utils/statistics.ts";
import type { LineChartSpec } from "../workloads/workload.ts";
import { escape, STYLE } from "./bar-chart.ts";
import { format } from "./table.ts";

const [WIDTH, HEIGHT] = [760, 380];
const PLOT = { left: 64, right: 590, top: 70, bottom: 320 };

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Line {
  readonly server: ServerResult;
  readonly points: readonly Point[];
}

export function drawLineChart(result: WorkloadResult, curve: LineChartSpec): string {
  const lines = result.servers.map((server): Line => ({ server, points: pointsOf(server, curve) }));
  const all = lines.flatMap(({ points }) => points);
  const scale = scaleOf(all);
  const ticks = [0, 0.5, 1].map((share) => share * Math.max(...all.map(({ y }) => y), 0));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" role="img" aria-label="${escape(`${curve.title}: ${curve.up} by ${curve.across}`)}">`,
    STYLE,
    `<text class="title" x="0" y="22">${escape(curve.title)}</text>`,
    `<text class="hint" x="0" y="44">${escape(curve.up)}; less is better</text>`,
    ...ticks.map((value) => across(scale({ x: 0, y: value }).y, format(value))),
    ...curve.points.map(({ x }) => below(scale({ x, y: 0 }).x, x.toLocaleString("en"))),
    `<text class="hint" text-anchor="middle" x="${String((PLOT.left + PLOT.right) / 2)}" y="${String(PLOT.bottom + 44)}">${escape(curve.across)}</text>`,
    ...lines.filter(({ points }) => points.length > 0).map((line, index) => drawLine(line, index, scale)),
    "</svg>\n",
  ].join("\n");
}

type ToPicture = (point: Point) => Point;

function scaleOf(points: readonly Point[]): ToPicture {
  const widest = Math.max(...points.map(({ x }) => x), Number.MIN_VALUE);
  const highest = Math.max(...points.map(({ y }) => y), Number.MIN_VALUE);
  return ({ x, y }) => ({
    x: Math.round(PLOT.left + (x / widest) * (PLOT.right - PLOT.left)),
    y: Math.round(PLOT.bottom - (y / highest) * (PLOT.bottom - PLOT.top)),
  });
}

function pointsOf({ samples }: ServerResult, { points }: LineChartSpec): Point[] {
  return points.flatMap(({ x, key }) => {
    const values = samples.flatMap((sample) => sample?.[key] ?? []);
    return values.length === 0 ? [] : { x, y: median(values) };
  });
}

function across(y: number, label: string): string {
  return [
    `<line class="grid" x1="${String(PLOT.left)}" x2="${String(PLOT.right)}" y1="${String(y)}" y2="${String(y)}"/>`,
    `<text class="hint" text-anchor="end" x="${String(PLOT.left - 8)}" y="${String(y + 4)}">${label}</text>`,
  ].join("\n");
}

function below(x: number, label: string): string {
  return `<text class="hint" text-anchor="middle" x="${String(x)}" y="${String(PLOT.bottom + 20)}">${label}</text>`;
}

/** The offset of the name of a line that ends close to another one. */
const NAME = 18;

function drawLine({ server, points }: Line, index: number, scale: ToPicture): string {
  const kind = isHalyard(server.id) ? "own" : "peer";
  const dashes = server.id === "halyard-bun" ? ` stroke-dasharray="6 4"` : "";
  const positions = points.map(scale);
  const path = positions.map(({ x, y }) => `${String(x)},${String(y)}`).join(" ");
  const [last] = positions.slice(-1);
  const nameAt = server.id === "halyard-bun" ? NAME : server.id === "halyard-node" ? 0 : 4;
  return [
    `<polyline class="${kind}"${dashes} points="${path}"/>`,
    ...positions.map(({ x, y }) => `<circle class="${kind}" cx="${String(x)}" cy="${String(y)}" r="3.5"/>`),
    `<text class="${kind}" x="${String((last?.x ?? 0) + 12)}" y="${String((last?.y ?? 0) + nameAt - (index === 0 ? 4 : 0))}">${escape(server.title)}</text>`,
  ].join("\n");
}
