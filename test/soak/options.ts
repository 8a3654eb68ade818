import { parseArgs } from "node:util";

export interface SoakOptions {
  /** How long faults strike, in seconds. */
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  readonly rooms: number;
  /** Sends per second, of all clients together. */
  readonly rate: number;
  /** Processes with the clients. The fault `freeze` stops a whole process. */
  readonly workers: number;
  /** How many nodes, behind a port that takes each connection to the next one. Several share a Redis. */
  readonly nodes: number;
  /** Whether the state is in a redis-server, which faults reach as well. Several nodes always have one. */
  readonly redis: boolean;
  /** The folder that keeps the logs. Without it, the logs of a clean run are removed. */
  readonly logs: string | undefined;
}

export const HELP = `pnpm soak [options]

  --seconds <n>   how long there is trouble (60)
  --seed <n>      the same plan of faults again (random, and printed)
  --clients <n>   (100)
  --rooms <n>     (10)
  --rate <n>      sends per second, of all clients together (60); each goes to about a third of them
  --workers <n>   processes that the clients are spread over (4)
  --nodes <n>     (1) behind one port; several are on one redis-server, which is stopped, killed and cut off as well
  --redis         one node on a redis-server, too
  --logs <folder> keeps the logs there
`;

/** @returns undefined for `--help`
 * @throws TypeError for an unknown option or an invalid value */
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
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} wants a number from 1 on`);
  return value;
}
