import { parseArgs } from "node:util";

export interface Options {
  readonly isQuick: boolean;
  /** Undefined: as many as each workload needs. */
  readonly runs: number | undefined;
  readonly durationMs: number;
  /** Beginnings of workload ids; empty for all. */
  readonly only: readonly string[];
  readonly servers: readonly string[];
  /** How Halyard is spoken to, where the workload's own way is not meant. */
  readonly mode: "plain" | "v1" | undefined;
  /** Where results and pictures go. */
  readonly out: string;
  readonly profile: string | undefined;
  /** Another checkout, whose build Halyard is compared with in place of its peers. */
  readonly against: string | undefined;
}

export const HELP = `pnpm bench [options]

  --quick             every workload, smaller, one run each; under 5 minutes
  --against <folder>  the Halyard servers on the packages of another built checkout and on these, 9 interleaved runs of both;
                      prints a table and writes nothing
  --only <a,b>        only these workloads, or those whose names begin so: fan-out, fan-out-1000-128,
                      compressed, chat, rooms, requests, typing, connects, idle, connects-v1-better-auth, hall,
                      slow-reader, page
  --servers <a,b>     only these, and ws: halyard-node, halyard-bun, ws-tick, socket.io, crossws, hono, bun, uwebsockets
  --runs <n>          interleaved runs of each (3; what bounds are about 5 or 7)
  --seconds <n>       how long each part is measured (0.8)
  --mode <plain|v1>   how Halyard is spoken to, instead of as the workload says
  --out <folder>      where results.json, README.md and the pictures go: docs/benchmarks after a full run, else
                      benchmarks/.reports; what the folder has of other workloads is kept
  --profile <folder>  a CPU profile of each server on Node and Bun; its figures are not to be believed
`;

/** @throws TypeError for what is no option */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: args.filter((argument) => argument !== "--"),
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      servers: { type: "string" },
      runs: { type: "string" },
      seconds: { type: "string" },
      mode: { type: "string" },
      out: { type: "string" },
      profile: { type: "string" },
      against: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const isQuick = values.quick;
  const isWhole = !isQuick && values.only === undefined && values.servers === undefined;
  return {
    isQuick,
    runs: values.runs === undefined ? undefined : positive(values.runs, "--runs"),
    durationMs: positive(values.seconds ?? (isQuick ? "0.5" : "0.8"), "--seconds") * 1_000,
    only: list(values.only),
    servers: list(values.servers),
    mode: modeOf(values.mode),
    out: values.out ?? (isWhole ? "docs/benchmarks" : "benchmarks/.reports"),
    profile: values.profile,
    against: values.against,
  };
}

function list(value: string | undefined): string[] {
  return value?.split(",").filter((word) => word !== "") ?? [];
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`${name} wants a number above 0`);
  return value;
}

function modeOf(text: string | undefined): Options["mode"] {
  if (text === undefined || text === "plain" || text === "v1") return text;
  throw new TypeError("--mode is plain or v1");
}
