/**
 * `pnpm bench --against <checkout>`: compares the Halyard servers on the packages of another checkout and of this one.
 * Both builds run the same server code under the same load, one directly after the other.
 */
import { resolve } from "node:path";
import type { Figures } from "./load/job.ts";
import type { Options } from "./options.ts";
import { createBuild, serverOf } from "./processes/build.ts";
import type { Build } from "./processes/build.ts";
import { describeMachine, printMachine } from "./processes/machine.ts";
import { measure } from "./processes/measure.ts";
import type { ServerSpec } from "./processes/servers.ts";
import { sessionsFor } from "./processes/sessions.ts";
import type { SessionFiles } from "./processes/sessions.ts";
import { rowsOfComparison, textTable } from "./report/table.ts";
import { compare, comparedFigures } from "./results/comparison.ts";
import type { Comparison, Pair } from "./results/comparison.ts";
import { errorMessage } from "./utils/error-message.ts";
import { print, showProgress } from "./utils/terminal.ts";
import type { Workload } from "./workloads/workload.ts";

const RUNS = 9;

export interface AgainstOptions {
  readonly workloads: readonly Workload[];
  readonly servers: readonly ServerSpec[];
  readonly options: Options;
}

/** Prints a comparison. @returns whether every run succeeded; a changed figure is no failure */
export async function compareBuilds(
  checkout: string,
  { workloads, servers, options }: AgainstOptions,
): Promise<boolean> {
  const builds = {
    before: createBuild(resolve(process.env["INIT_CWD"] ?? ".", checkout)),
    now: createBuild(resolve(import.meta.dirname, "../..")),
  };
  printMachine(describeMachine());
  print(`Before: ${builds.before.checkout}\nNow:    ${builds.now.checkout}`);
  const comparisons: Comparison[] = [];
  const failures: string[] = [];
  for (const workload of workloads) {
    const able = servers.filter(({ id }) => workload.without?.includes(id) !== true);
    const sides = await sidesOf(builds, workload).catch((error: unknown) => {
      failures.push(`${workload.id}: ${errorMessage(error)}`);
    });
    if (sides === undefined) continue;
    const runner = new PairRunner(workload, sides, options);
    const results = await runner.run(able);
    failures.push(...runner.failures);
    comparisons.push(...results);
    print(`\n${workload.title}\n${textTable(rowsOfComparison(results))}`);
  }
  if (workloads.length > 1) print(`\nAll workloads\n${textTable(rowsOfComparison(comparisons))}`);
  print(EXPLANATION);
  for (const failure of failures) print(failure);
  return failures.length === 0;
}

const EXPLANATION = `
Before and now: the median of each build. Ratio: now to before. Spread: the least and the largest ratio of a pair of runs.
"within 5 %": the ratio is between 0.95 and 1.05. "within spread": it is not, but the spread includes 1.
Figures vary with the machine. After "changed", measure again on an idle machine; the exit code is 0.`;

/** A build, and the sessions of the clients of a workload on it. */
interface Side {
  readonly build: Build;
  readonly sessions: SessionFiles | undefined;
}

interface Sides {
  readonly before: Side;
  readonly now: Side;
}

async function sidesOf(
  { before, now }: { readonly before: Build; readonly now: Build },
  { plan }: Workload,
): Promise<Sides> {
  return {
    before: { build: before, sessions: await sessionsFor(plan, before.servers) },
    now: { build: now, sessions: await sessionsFor(plan, now.servers) },
  };
}

/** Runs one workload on both builds in turn. */
class PairRunner {
  readonly failures: string[] = [];
  readonly #workload: Workload;
  readonly #sides: Sides;
  readonly #options: Options;

  constructor(workload: Workload, sides: Sides, options: Options) {
    this.#workload = workload;
    this.#sides = sides;
    this.#options = options;
  }

  /** In each run, every server is measured on both builds. */
  async run(servers: readonly ServerSpec[]): Promise<Comparison[]> {
    const runs = this.#options.runs ?? RUNS;
    const pairs = new Map<ServerSpec, Pair[]>(servers.map((server) => [server, []]));
    for (let run = 0; run < runs; run++) {
      for (const [server, done] of pairs) {
        showProgress(`${this.#workload.id}, run ${String(run + 1)} of ${String(runs)}: ${server.title}`);
        done.push(await this.#runPair(server, run % 2 === 1));
      }
    }
    showProgress("");
    const figures = comparedFigures(this.#workload.figures);
    return [...pairs].flatMap(([{ title }, done]) =>
      figures.flatMap(
        (figure) => compare({ workload: this.#workload.id, server: title, figure }, done) ?? [],
      ),
    );
  }

  /** The order of the builds alternates, because the second one of a pair may find a warmer machine. */
  async #runPair(server: ServerSpec, isNowFirst: boolean): Promise<Pair> {
    if (isNowFirst) {
      const now = await this.#measure(server, "now");
      return { before: await this.#measure(server, "before"), now };
    }
    const before = await this.#measure(server, "before");
    return { before, now: await this.#measure(server, "now") };
  }

  async #measure(spec: ServerSpec, name: keyof Sides): Promise<Figures | null> {
    const { plan, dialect } = this.#workload;
    const { mode, profile } = this.#options;
    const { build, sessions } = this.#sides[name];
    const server = serverOf(build, spec);
    try {
      return await measure({ server, plan, dialect: mode ?? dialect, profile, sessions });
    } catch (error) {
      this.failures.push(`${this.#workload.id}, ${spec.title}, ${name}: ${errorMessage(error)}`);
      return null;
    }
  }
}
