/** `pnpm bench`: Halyard beside its peers, one server and one load at a time. */
import { resolve } from "node:path";
import { raisedLimits } from "../servers/raised-limits.ts";
import { endWithThisProcess } from "./children.ts";
import type { Figures } from "./load/job.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { measure } from "./measure.ts";
import { HELP, readOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { measurePages, PAGE } from "./page/page-workload.ts";
import { rowsOf, textTable } from "./report/table.ts";
import { writeReport } from "./report/write-report.ts";
import { mergeResults } from "./results.ts";
import type { ServerResult, WorkloadResult } from "./results.ts";
import { BASELINE, preparePeers, servers } from "./servers.ts";
import type { ServerSpec } from "./servers.ts";
import { listWorkloads } from "./workloads.ts";
import type { Workload } from "./workloads.ts";

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) say(HELP);
  else await main(options);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  const all = listWorkloads(options);
  const isMeant = (id: string): boolean =>
    options.only.length === 0 || options.only.some((word) => id.startsWith(word));
  const workloads = all.filter(({ id }) => isMeant(id));
  const chosen = chooseServers(options.servers);
  if (workloads.length === 0 && !isMeant(PAGE))
    throw new TypeError(`no workload begins with ${options.only.join(" or ")}`);
  endWithThisProcess();
  preparePeers(workloads.length === 0 ? [] : chosen);
  const machine = describeMachine();
  say(`${machine.cpu}, ${String(machine.cores)} cores; load average ${String(loadAverage())}`);
  say(`Halyard's rate limits, raised: ${JSON.stringify(raisedLimits)}`);

  const results: WorkloadResult[] = [];
  const keep = (result: WorkloadResult): void => {
    results.push(result);
    say(`\n${result.title}\n${textTable(rowsOf(result))}`);
    for (const { title, failure } of result.servers) if (failure !== undefined) say(`${title}: ${failure}`);
  };
  for (const workload of workloads) {
    const able = chosen.filter(({ id }) => workload.without?.includes(id) !== true);
    keep(await measureWorkload(workload, able, options));
  }
  if (isMeant(PAGE)) keep(await measurePages(options));
  const directory = resolve(import.meta.dirname, "../..", options.out);
  const merged = mergeResults(
    `${directory}/results.json`,
    { machine, settings: raisedLimits, workloads: results },
    [...all.map(({ id }) => id), PAGE],
  );
  await writeReport(directory, merged);
  say(`\nWritten to ${options.out}`);
}

function chooseServers(names: readonly string[]): ServerSpec[] {
  const unknown = names.find((name) => !servers.some(({ id }) => id === name));
  if (unknown !== undefined) throw new TypeError(`no server is called ${unknown}`);
  return servers.filter(({ id }) => names.length === 0 || id === BASELINE || names.includes(id));
}

/** Each run takes every server once, so that what the machine does meanwhile meets them all. */
async function measureWorkload(
  workload: Workload,
  able: readonly ServerSpec[],
  { runs, mode, profile }: Options,
): Promise<WorkloadResult> {
  const samples = new Map<string, (Figures | null)[]>(able.map(({ id }) => [id, []]));
  const failures = new Map<string, string>();
  const before = loadAverage();
  for (let run = 0; run < runs; run++) {
    // Begins with another server each time: the first one finds a cold machine.
    const order = able
      .map((_, index) => able[(index + run) % able.length])
      .filter((server) => server !== undefined);
    for (const server of order) {
      progress(`${workload.id}, run ${String(run + 1)} of ${String(runs)}: ${server.title}`);
      const dialect = mode ?? workload.dialect;
      const figures = await measure({ server, plan: workload.plan, dialect, profile }).catch(
        (error: unknown) => {
          failures.set(server.id, error instanceof Error ? error.message : String(error));
          return null;
        },
      );
      samples.get(server.id)?.push(figures);
    }
  }
  progress("");
  const { id, title, about, figures, plan } = workload;
  return {
    ...{ id, title, about, figures, runs },
    settings: plan,
    measuredAt: new Date().toISOString(),
    loadAverage: before,
    servers: able.map((server): ServerResult => {
      const failure = failures.get(server.id);
      const taken = { id: server.id, title: server.title, samples: samples.get(server.id) ?? [] };
      return failure === undefined ? taken : { ...taken, failure };
    }),
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One line that is written over, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}
