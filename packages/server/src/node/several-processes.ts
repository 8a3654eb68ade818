// Warns that several processes with the memory backplane do not know of each other, if it can be detected that there are several.
// Called by the adapter of each runtime when it attaches a system.
import cluster from "node:cluster";
import type { Backplane } from "../backplane.ts";
import type { Logger } from "../logger.ts";

/** The facts about the process that are read. */
interface ProcessFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether `node:cluster` started the process. */
  readonly isWorker: boolean;
}

export interface SeveralProcessesParts {
  readonly backplane: Pick<Backplane, "kind">;
  readonly logger: Pick<Logger, "warn">;
}

/** The backplanes for which the warning was logged. */
const warned = new WeakSet<object>();

const FACTS: ProcessFacts = { env: process.env, isWorker: cluster.isWorker };

/** Warns once for each system. */
export function warnOfSeveralProcesses({ backplane, logger }: SeveralProcessesParts, facts = FACTS): void {
  const sign = backplane.kind === "memory" ? signOf(facts) : undefined;
  if (sign === undefined || warned.has(backplane)) return;
  warned.add(backplane);
  logger.warn(
    { event: "several_processes" },
    `this process is ${sign}, and each process knows only its own connections: messages do not reach the users of the others. Run one process, or write createWebSocketSystem({ backplane: redisBackplane({ url }) })`,
  );
}

/** What shows that there are several processes. PM2 starts even a single process with the number 0, in cluster mode as a worker. */
function signOf({ env, isWorker }: ProcessFacts): string | undefined {
  const instance = env["NODE_APP_INSTANCE"];
  if (env["pm_id"] !== undefined || instance !== undefined) {
    const isOneOfSeveral = Number(instance) > 0 || Number(env["instances"]) > 1 || env["instances"] === "max";
    return isOneOfSeveral ? `instance ${instance ?? ""} of several under PM2` : undefined;
  }
  return isWorker ? "a worker of node:cluster" : undefined;
}
