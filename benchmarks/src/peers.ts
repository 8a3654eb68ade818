/**
 * `pnpm bench`: Halyard beside its peers.
 * Called by `main.ts`, unless another build is compared with.
 * Writes the report again after each workload, so that an interrupted benchmark loses only the one that it was at.
 */
import { resolve } from "node:path";
import { raisedLimits } from "../servers/raised-limits.ts";
import type { Options } from "./options.ts";
import { measurePages, PAGE } from "./page/page-workload.ts";
import { describeMachine, printMachine } from "./processes/machine.ts";
import { preparePeers } from "./processes/servers.ts";
import type { ServerSpec } from "./processes/servers.ts";
import { failuresOf } from "./report/readme.ts";
import { rowsOf, rowsOfBounds, textTable } from "./report/table.ts";
import { writeReport } from "./report/write-report.ts";
import { checkBounds } from "./results/bounds.ts";
import { mergeResults } from "./results/results.ts";
import type { Results, WorkloadResult } from "./results/results.ts";
import { runWorkload } from "./run-workload.ts";
import { errorMessage } from "./utils/error-message.ts";
import { elapsed, print } from "./utils/terminal.ts";
import type { Workload } from "./workloads/workload.ts";

export interface PeerComparison {
  readonly options: Options;
  readonly workloads: readonly Workload[];
  readonly servers: readonly ServerSpec[];
  /** Whether clients are measured in a page as well. */
  readonly hasPage: boolean;
  /** The ids of all workloads, as the report has them. */
  readonly order: readonly string[];
}

export async function comparePeers(comparison: PeerComparison): Promise<void> {
  const { options, workloads, servers, hasPage, order } = comparison;
  const able = workloads.length === 0 ? [] : preparePeers(servers, print);
  const machine = describeMachine();
  printMachine(machine);
  print(`Halyard's rate limits, raised: ${JSON.stringify(raisedLimits)}`);

  const directory = resolve(import.meta.dirname, "../..", options.out);
  const keep = async (result: WorkloadResult): Promise<Results> => {
    const fresh = { machine, settings: raisedLimits, workloads: [result] };
    const merged = mergeResults(`${directory}/results.json`, fresh, order);
    await writeReport(directory, merged);
    print(`\n${result.title}\n${textTable(rowsOf(result))}`);
    for (const failed of failuresOf(result)) print(failed);
    return merged;
  };
  let results: Results | undefined;
  for (const workload of workloads) results = await keep(await runWorkload(workload, able, options));
  if (hasPage) {
    const pages = await measurePages(options).catch((error: unknown) => {
      print(`${PAGE}: ${errorMessage(error)}`);
    });
    if (pages !== undefined) results = await keep(pages);
  }
  const verdicts = results === undefined ? [] : checkBounds(results);
  if (verdicts.length > 0) print(`\n${textTable(rowsOfBounds(verdicts))}`);
  print(`\nWritten to ${options.out}, ${elapsed()} after the start`);
}
