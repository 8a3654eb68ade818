/** `pnpm bench`: Halyard beside its peers, one server and one load at a time. */
import { resolve } from "node:path";
import { raisedLimits } from "../servers/raised-limits.ts";
import { endWithThisProcess } from "./children.ts";
import type { Figures } from "./load/job.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { measure } from "./measure.ts";
import type { JobPlan } from "./measure.ts";
import { HELP, readOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { measurePages, PAGE } from "./page/page-workload.ts";
import { judge } from "./bounds.ts";
import { failuresOf } from "./report/page.ts";
import { rowsOf, rowsOfBounds, textTable } from "./report/table.ts";
import { writeReport } from "./report/write-report.ts";
import { mergeResults } from "./results.ts";
import type { Results, ServerResult, WorkloadResult } from "./results.ts";
import { BASELINE, preparePeers, servers } from "./servers.ts";
import type { ServerSpec } from "./servers.ts";
import { RUNS } from "./workload.ts";
import type { Workload } from "./workload.ts";
import { listWorkloads } from "./workloads.ts";

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
  const able = workloads.length === 0 ? [] : preparePeers(chosen, say);
  const machine = describeMachine();
  say(`${machine.cpu}, ${String(machine.cores)} cores; load average ${String(loadAverage())}`);
  say(`Halyard's rate limits, raised: ${JSON.stringify(raisedLimits)}`);

  const directory = resolve(import.meta.dirname, "../..", options.out);
  const order = [...all.map(({ id }) => id), PAGE];
  /** After each workload, so that an end on the way loses only what is under way. */
  const keep = async (result: WorkloadResult): Promise<Results> => {
    const fresh = { machine, settings: raisedLimits, workloads: [result] };
    const merged = mergeResults(`${directory}/results.json`, fresh, order);
    await writeReport(directory, merged);
    say(`\n${result.title}\n${textTable(rowsOf(result))}`);
    for (const failed of failuresOf(result)) say(failed);
    return merged;
  };
  let results: Results | undefined;
  for (const workload of workloads) results = await keep(await measureWorkload(workload, able, options));
  if (isMeant(PAGE)) {
    const pages = await measurePages(options).catch((error: unknown) => {
      say(`${PAGE}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (pages !== undefined) results = await keep(pages);
  }
  const verdicts = results === undefined ? [] : judge(results);
  if (verdicts.length > 0) say(`\n${textTable(rowsOfBounds(verdicts))}`);
  say(`\nWritten to ${options.out}, ${sinceStart()} after the start`);
}

function chooseServers(names: readonly string[]): ServerSpec[] {
  const unknown = names.find((name) => !servers.some(({ id }) => id === name));
  if (unknown !== undefined) throw new TypeError(`no server is called ${unknown}`);
  return servers.filter(({ id }) => names.length === 0 || id === BASELINE || names.includes(id));
}

/** Each run takes every server once, so that what the machine does meanwhile meets them all. */
async function measureWorkload(
  workload: Workload,
  chosen: readonly ServerSpec[],
  { runs: asked, mode, profile }: Options,
): Promise<WorkloadResult> {
  const able = chosen.filter(({ id }) => workload.without?.includes(id) !== true);
  const samples = new Map<string, (Figures | null)[]>(able.map(({ id }) => [id, []]));
  const failures = new Map<string, string>();
  const before = loadAverage();
  const runs = asked ?? workload.runs ?? RUNS;
  for (let run = 0; run < runs; run++) {
    const isLate = asked === undefined && run >= RUNS;
    const taking = able.filter(({ id }) => !isLate || workload.inThree?.includes(id) !== true);
    // Begins with another server each time: the first one finds a cold machine.
    const order = taking
      .map((_, index) => taking[(index + run) % taking.length])
      .filter((server) => server !== undefined);
    for (const [index, server] of order.entries()) {
      const place = `run ${String(run + 1)} of ${String(runs)}, server ${String(index + 1)} of ${String(order.length)}`;
      progress(`${sinceStart()}  ${workload.id}, ${place}: ${server.title}`);
      const dialect = mode ?? workload.dialect;
      const plan = asked === undefined ? planOf(workload, run) : workload.plan;
      const figures = await measure({ server, plan, dialect, profile }).catch((error: unknown) => {
        failures.set(server.id, error instanceof Error ? error.message : String(error));
        return null;
      });
      samples.get(server.id)?.push(figures);
    }
  }
  progress("");
  const { id, title, about, figures, curves, plan } = workload;
  return {
    ...{ id, title, about, figures, runs },
    ...(curves === undefined ? {} : { curves }),
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

/** Without the parts that have been measured often enough. */
function planOf({ plan }: Workload, run: number): JobPlan {
  if (plan.kind !== "fan-out") return plan;
  return { ...plan, parts: plan.parts.filter(({ runs = Infinity }) => run < runs) };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line that is written over on a terminal; elsewhere a line each. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
  else if (text !== "") process.stderr.write(`${text}\n`);
}

function sinceStart(): string {
  const seconds = Math.round(process.uptime());
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, "0")}`;
}
