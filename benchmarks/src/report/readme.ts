import { judge } from "../results/bounds.ts";
import type { Results, WorkloadResult } from "../results/results.ts";
import { markdownTable, rowsOf, rowsOfBounds } from "./table.ts";

/** The page that shows the results. */
export function writePage(
  results: Results,
  picturesOf: (result: WorkloadResult) => readonly string[],
): string {
  const { machine, settings } = results;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const raised = Object.entries(settings).map(([name, value]) => `\`${name}\` ${String(value)}`);
  return [
    "# Benchmarks",
    "Written by `npx -y pnpm@12 bench`; the figures of every run are in [results.json](results.json). Each cell is the median of the " +
      "runs with its spread, and its ratio to plain `ws` in the same run. CPU is the server's, from the operating system's books. " +
      '"Load busy" is how much of one core the load generator used at most: below 100 % it was not what was measured.',
    `Measured on ${machine.cpu}, ${String(machine.cores)} cores, ${String(machine.memoryGib)} GiB, ${machine.system}; ` +
      `${versions.join(", ")}. Servers, load and the system shared these cores.`,
    "In Halyard everything is on: validation, history, offsets, presence, heartbeats, deduplication. Only the rate limits are " +
      `raised: ${raised.join(", ")}.`,
    ...boundsOf(results),
    ...results.workloads.flatMap((result) => [
      `## ${result.title}`,
      result.about,
      ...picturesOf(result).map((file) => `![${result.title}](${file})`),
      markdownTable(rowsOf(result)),
      ...failuresOf(result),
      `_${String(result.runs)} ${result.runs === 1 ? "run" : "runs"}, ${result.measuredAt.slice(0, 10)}; load average before: ${String(result.loadAverage)}._`,
    ]),
  ].join("\n\n");
}

function boundsOf(results: Results): string[] {
  const verdicts = judge(results);
  if (verdicts.length === 0) return [];
  return [
    "## Bounds",
    "What these figures are held to: the median of the ratios of each run (or of the figures), beside its bound. A bound that is " +
      "not met says so.",
    markdownTable(rowsOfBounds(verdicts)),
  ];
}

/** What went wrong, and how often; the other runs count. */
export function failuresOf({ servers }: WorkloadResult): string[] {
  return servers.flatMap(({ title, failure, samples }) => {
    if (failure === undefined) return [];
    const failed = samples.filter((sample) => sample === null).length;
    return `${title} failed in ${String(failed)} of ${String(samples.length)} runs: ${failure}.`;
  });
}
