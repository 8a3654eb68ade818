/** The text of the page of results, `README.md` in the folder of the report. */
import { checkBounds } from "../results/bounds.ts";
import type { Results, WorkloadResult } from "../results/results.ts";
import { markdownTable, rowsOf, rowsOfBounds } from "./table.ts";

/** @param picturesOf returns the file names of the pictures of a workload */
export function renderReadme(
  results: Results,
  picturesOf: (result: WorkloadResult) => readonly string[],
): string {
  const { machine, settings } = results;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const raised = Object.entries(settings).map(([name, value]) => `\`${name}\` ${String(value)}`);
  return [
    "# Benchmarks",
    [
      "Written by `npx -y pnpm@12 bench`; the figures of every run are in [results.json](results.json).",
      "Each cell is the median of the runs with its spread, and its ratio to plain `ws` in the same run.",
      "CPU is that of all threads of the server, as the operating system counts it.",
      '"Load busy" is the largest share of one core that the load generator has used: below 100 % it was not the bottleneck.',
    ].join("\n"),
    [
      `Measured on ${machine.cpu}, ${String(machine.cores)} cores, ${String(machine.memoryGib)} GiB, ${machine.system}; ${versions.join(", ")}.`,
      "Servers, load and system shared these cores.",
    ].join("\n"),
    [
      "In Halyard everything is on: validation, history, offsets, presence, heartbeats, deduplication.",
      `Only the rate limits are raised: ${raised.join(", ")}.`,
    ].join("\n"),
    ...boundsOf(results),
    ...results.workloads.flatMap((result) => [
      `## ${result.title}`,
      oneSentencePerLine(result.about),
      ...picturesOf(result).map((file) => `![${result.title}](${file})`),
      markdownTable(rowsOf(result)),
      ...failuresOf(result),
      `_${String(result.runs)} ${result.runs === 1 ? "run" : "runs"}, ${result.measuredAt.slice(0, 10)}; load average before: ${String(result.loadAverage)}._`,
    ]),
  ].join("\n\n");
}

function boundsOf(results: Results): string[] {
  const verdicts = checkBounds(results);
  if (verdicts.length === 0) return [];
  return [
    "## Bounds",
    "The highest allowed value beside the measured one: the median of the ratios of each run (or of the figures).",
    markdownTable(rowsOfBounds(verdicts)),
  ];
}

function oneSentencePerLine(text: string): string {
  return text.replaceAll(/\. (?=[A-Z\d])/g, ".\n");
}

/** A sentence for each server with a failed run. The other runs of the server count. */
export function failuresOf({ servers }: WorkloadResult): string[] {
  return servers.flatMap(({ title, failure, samples }) => {
    if (failure === undefined) return [];
    const failed = samples.filter((sample) => sample === null).length;
    return `${title} failed in ${String(failed)} of ${String(samples.length)} runs: ${failure}.`;
  });
}
