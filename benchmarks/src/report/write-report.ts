/** Writes the report of a benchmark: results.json, README.md and the pictures. Called after each workload. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import type { Results, WorkloadResult } from "../results/results.ts";
import { drawBarChart } from "./bar-chart.ts";
import { drawLineChart } from "./line-chart.ts";
import { renderReadme } from "./readme.ts";

export async function writeReport(directory: string, results: Results): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const config = await resolveConfig(join(directory, "README.md"));
  const write = async (name: string, text: string): Promise<void> => {
    const path = join(directory, name);
    writeFileSync(path, await format(text, { ...config, filepath: path }));
  };
  for (const result of results.workloads) {
    for (const figure of drawnOf(result)) {
      writeFileSync(join(directory, fileOf(result, figure.key)), drawBarChart(result, figure));
    }
    for (const curve of result.curves ?? []) {
      writeFileSync(join(directory, fileOf(result, curve.id)), drawLineChart(result, curve));
    }
  }
  await write("results.json", JSON.stringify(results));
  await write(
    "README.md",
    renderReadme(results, (result) => [
      ...drawnOf(result).map(({ key }) => fileOf(result, key)),
      ...(result.curves ?? []).map(({ id }) => fileOf(result, id)),
    ]),
  );
}

function drawnOf({ figures }: WorkloadResult): WorkloadResult["figures"] {
  return figures.filter(({ isDrawn }) => isDrawn === true);
}

function fileOf({ id }: WorkloadResult, key: string): string {
  return `${id}-${key.replaceAll(/\W+/g, "-")}.svg`;
}
