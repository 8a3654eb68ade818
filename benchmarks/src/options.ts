/** The options of the command line. */
import { parseArgs } from "node:util";

export interface Options {
  readonly isQuick: boolean;
  /** @default as many as each workload needs */
  readonly runs: number | undefined;
  readonly durationMs: number;
  /** Ids of workloads, or beginnings of ids; empty for all workloads. */
  readonly only: readonly string[];
  readonly servers: readonly string[];
  /** The dialect of the clients of Halyard. @default the dialect of the workload */
  readonly mode: "plain" | "v1" | undefined;
  /** The folder of the report. */
  readonly out: string;
  readonly profile: string | undefined;
  /** The folder of another checkout, with which this one is compared. @default none: the peers are compared */
  readonly against: string | undefined;
}

export const HELP = `pnpm bench [options]

  --quick             smaller workloads, one run each; under 5 minutes
  --against <folder>  compares the Halyard servers on the packages of another built checkout with those of this one:
                      9 interleaved runs of each; prints a table and writes nothing
  --only <a,b>        only workloads whose ids are or begin with these: fan-out, fan-out-1000-128, compressed, chat,
                      rooms-2 to rooms-100, rooms-5-v1, direct, office, requests, typing, connects, idle,
                      connects-v1-better-auth, presence, slow-reader, cluster, page
  --servers <a,b>     only these servers, and ws: halyard-node, halyard-bun, ws-tick, socket.io, crossws, hono, bun, uwebsockets
  --runs <n>          runs of each server (3; 5 or 7 where a bound is near; 9 with --against)
  --seconds <n>       the time of each part of a workload (0.8)
  --mode <plain|v1>   the dialect of the clients of Halyard, in place of that of the workload
  --out <folder>      the folder of results.json, README.md and pictures (docs/benchmarks for a full run, else
                      benchmarks/.reports); results of other workloads in the folder are kept
  --profile <folder>  writes a CPU profile of each server on Node and Bun there, which makes the figures of the run wrong
`;

/** Reads the command line. @returns undefined for `--help` @throws TypeError for an unknown option or an invalid value */
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
  if (!(value > 0)) throw new TypeError(`${name} must be a number above 0`);
  return value;
}

function modeOf(text: string | undefined): Options["mode"] {
  if (text === undefined || text === "plain" || text === "v1") return text;
  throw new TypeError("--mode must be plain or v1");
}
