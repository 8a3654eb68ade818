// Says that processes with memory of their own do not know of each other, where it can be known that there are several.
// Called by the glue of each runtime when it attaches a system.
import cluster from "node:cluster";
import type { Backplane } from "../backplane.ts";
import type { Logger } from "../logger.ts";

/** What is read of the process. */
interface ProcessFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether `node:cluster` has started it. */
  readonly isWorker: boolean;
}

export interface SeveralProcessesParts {
  readonly backplane: Pick<Backplane, "kind">;
  readonly logger: Pick<Logger, "warn">;
}

/** Backplanes for which it has been said. */
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

/** PM2 starts a single process with the number 0, in its cluster mode as a worker. */
function signOf({ env, isWorker }: ProcessFacts): string | undefined {
  const instance = env["NODE_APP_INSTANCE"];
  if (env["pm_id"] !== undefined || instance !== undefined) {
    const isOneOfSeveral = Number(instance) > 0 || Number(env["instances"]) > 1 || env["instances"] === "max";
    return isOneOfSeveral ? `instance ${instance ?? ""} of several under PM2` : undefined;
  }
  return isWorker ? "a worker of node:cluster" : undefined;
}
