/**
 * Measures one workload on every server that takes part in it. Called by `peers.ts`.
 * A server that fails in one run keeps the figures of its other runs.
 */
import type { Figures, JobPlan } from "./load/job.ts";
import type { Options } from "./options.ts";
import { loadAverage } from "./processes/machine.ts";
import { measure } from "./processes/measure.ts";
import { serverFolder } from "./processes/servers.ts";
import type { ServerSpec } from "./processes/servers.ts";
import { sessionsFor } from "./processes/sessions.ts";
import type { ServerResult, WorkloadResult } from "./results/results.ts";
import { errorMessage } from "./utils/error-message.ts";
import { showProgress } from "./utils/terminal.ts";
import { RUNS } from "./workloads/workload.ts";
import type { Workload } from "./workloads/workload.ts";

/** Each run measures every server once, so that a disturbance of the machine affects all servers alike. */
export async function runWorkload(
  workload: Workload,
  chosen: readonly ServerSpec[],
  { runs: requestedRuns, mode, profile }: Options,
): Promise<WorkloadResult> {
  const able = chosen.filter(({ id }) => workload.without?.includes(id) !== true);
  const samples = new Map<string, (Figures | null)[]>(able.map(({ id }) => [id, []]));
  const failures = new Map<string, string>();
  const before = loadAverage();
  const sessions = await sessionsFor(workload.plan, serverFolder);
  const runs = requestedRuns ?? workload.runs ?? RUNS;
  for (let run = 0; run < runs; run++) {
    const isExtraRun = requestedRuns === undefined && run >= RUNS;
    const participants = able.filter(
      ({ id }) => !isExtraRun || workload.onlyFirstRuns?.includes(id) !== true,
    );
    for (const [index, server] of rotate(participants, run).entries()) {
      const position = `run ${String(run + 1)} of ${String(runs)}, server ${String(index + 1)} of ${String(participants.length)}`;
      showProgress(`${workload.id}, ${position}: ${server.title}`);
      const dialect = mode ?? workload.dialect;
      const plan = requestedRuns === undefined ? planOf(workload, run) : workload.plan;
      const figures = await measure({ server, plan, dialect, profile, sessions }).catch((error: unknown) => {
        failures.set(server.id, errorMessage(error));
        return null;
      });
      samples.get(server.id)?.push(figures);
    }
  }
  showProgress("");
  const { id, title, about, figures, curves, plan } = workload;
  return {
    ...{ id, title, about, figures, runs },
    ...(curves === undefined ? {} : { curves }),
    settings: plan,
    measuredAt: new Date().toISOString(),
    loadAverage: before,
    servers: able.map((server): ServerResult => {
      const failure = failures.get(server.id);
      const result = { id: server.id, title: server.title, samples: samples.get(server.id) ?? [] };
      return failure === undefined ? result : { ...result, failure };
    }),
  };
}

/** Each run begins with another server, because the first one finds a cold machine. */
function rotate<TItem>(items: readonly TItem[], by: number): TItem[] {
  const start = by % Math.max(items.length, 1);
  return [...items.slice(start), ...items.slice(0, start)];
}

/** The plan of a run, without the parts that take part in earlier runs only. */
function planOf({ plan }: Workload, run: number): JobPlan {
  if (plan.kind !== "fan-out") return plan;
  return { ...plan, parts: plan.parts.filter(({ runs = Infinity }) => run < runs) };
}
