/**
 * `pnpm bench` without `--against`: compares Halyard with its peers.
 * The report is written after each workload, so that an interrupted benchmark loses one workload only.
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
  /** Whether the workload in Chromium runs, too. */
  readonly hasPage: boolean;
  /** The ids of all workloads, in the order of the report. */
  readonly order: readonly string[];
}

export async function comparePeers(comparison: PeerComparison): Promise<void> {
  const { options, workloads, servers, hasPage, order } = comparison;
  const able = workloads.length === 0 ? [] : preparePeers(servers, print);
  const machine = describeMachine();
  printMachine(machine);
  print(`Raised rate limits of Halyard: ${JSON.stringify(raisedLimits)}`);

  const directory = resolve(import.meta.dirname, "../..", options.out);
  const addToReport = async (result: WorkloadResult): Promise<Results> => {
    const fresh = { machine, settings: raisedLimits, workloads: [result] };
    const merged = mergeResults(`${directory}/results.json`, fresh, order);
    await writeReport(directory, merged);
    print(`\n${result.title}\n${textTable(rowsOf(result))}`);
    for (const failed of failuresOf(result)) print(failed);
    return merged;
  };
  let results: Results | undefined;
  for (const workload of workloads) results = await addToReport(await runWorkload(workload, able, options));
  if (hasPage) {
    const pages = await measurePages(options).catch((error: unknown) => {
      print(`${PAGE}: ${errorMessage(error)}`);
    });
    if (pages !== undefined) results = await addToReport(pages);
  }
  const verdicts = results === undefined ? [] : checkBounds(results);
  if (verdicts.length > 0) print(`\n${textTable(rowsOfBounds(verdicts))}`);
  print(`\nWrote ${options.out} after ${elapsed()} (min:s)`);
}
