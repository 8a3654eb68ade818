import { parseArgs } from "node:util";

export interface SoakOptions {
  /** The time with faults, in seconds. */
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  readonly rooms: number;
  /** The sends of all clients together, per second. */
  readonly rate: number;
  /** The number of processes with clients. The fault `freeze` stops one of them. */
  readonly workers: number;
  /** The number of nodes. One port gives each new connection to the next node; several nodes share a Redis. */
  readonly nodes: number;
  /** Whether the state is in a redis-server, which has faults of its own. Always true for several nodes. */
  readonly redis: boolean;
  /** The folder of the logs. Without one, the logs of a run without problems are removed. */
  readonly logs: string | undefined;
}

export const HELP = `pnpm soak [options]

  --seconds <n>   the time with faults (60)
  --seed <n>      repeats the plan of faults of this seed (random, and printed)
  --clients <n>   clients (100)
  --rooms <n>     rooms (10)
  --rate <n>      sends of all clients together, per second (60); each reaches about a third of the clients
  --workers <n>   processes with clients (4)
  --nodes <n>     nodes behind one port (1); several share a redis-server, which is stopped, killed and cut off as well
  --redis         uses a redis-server for one node, too
  --logs <folder> writes the logs there and keeps them
`;

/**
 * Reads the command line.
 *
 * @returns undefined for `--help`
 * @throws TypeError for an unknown option or an invalid value
 */
export function readOptions(args: readonly string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    args: args.filter((argument) => argument !== "--"),
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string" },
      clients: { type: "string", default: "100" },
      rooms: { type: "string", default: "10" },
      rate: { type: "string", default: "60" },
      workers: { type: "string", default: "4" },
      nodes: { type: "string", default: "1" },
      redis: { type: "boolean", default: false },
      logs: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    seconds: positive(values.seconds, "--seconds"),
    seed: positive(values.seed ?? String(1 + Math.floor(Math.random() * 1e6)), "--seed"),
    clients: positive(values.clients, "--clients"),
    rooms: positive(values.rooms, "--rooms"),
    rate: positive(values.rate, "--rate"),
    workers: positive(values.workers, "--workers"),
    nodes: positive(values.nodes, "--nodes"),
    redis: values.redis || Number(values.nodes) > 1,
    logs: values.logs,
  };
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} must be an integer above 0`);
  return value;
}
