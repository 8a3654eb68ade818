// `pnpm storm`: puts a server under load, compares the figures with their bounds, and exits with 1 when a bound is exceeded.
// Each part runs on Node and on Bun; HELP names the parts and their options.
import { parseArgs } from "node:util";
import type { Runtime } from "../support/app-server.ts";
import { boundTable, faultsIn } from "./bound.ts";
import { cycle, leaksIn, CYCLES } from "./cycles.ts";
import { faultsOf, storm } from "./outage.ts";
import { distinct } from "./distinct.ts";
import { flood } from "./flood.ts";
import { keep } from "./keep.ts";
import { runPins } from "./pin-cases.ts";
import { runResumes } from "./resume.ts";
import { readersFaults, slowReaders } from "./slow-readers.ts";

const HELP = `pnpm storm [options]

Without an option of the second list: kills a server under its clients, repeats connections, and lets clients stop reading.
  --clients <n>      clients of the server that is killed (5000)
  --pauses <ms,ms>   how long the server is away, each in turn (300,1000,3000,10000); "" leaves this part out
  --cycles <n>       connections of each of three kinds (100000); 0 leaves this part out
  --readers <n>      clients that stop reading (1000); 0 leaves this part out
  --seed <n>         the seed of the jitter of reconnects (random, and printed)

Only the named parts:
  --pin              one user who fills the memory
      --reconnect <s,s>  intervals between reconnects, 0 for none (0,4)
      --heap <MiB,MiB>   sizes of the heap on Node, 0 for the default (0,512)
      --seconds <n>      how long the attack lasts (120)
      --rest <n>         seconds between the attack and the last measurement (60)
  --resume           users who resume a hundred full rooms again and again, for --seconds
  --flood            a client that sends 65,000 ephemeral frames a second
  --distinct <n>     so many visitors, each with its own user, client and rooms
  --keep             the memory that a user can make the server keep: each row of docs/security.md
      --only <text>      only the rows whose names contain the text

  --runtime <name>   node or bun (both)
`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h", default: false },
    clients: { type: "string", default: "5000" },
    pauses: { type: "string", default: "300,1000,3000,10000" },
    cycles: { type: "string", default: "100000" },
    readers: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    runtime: { type: "string" },
    pin: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
    seconds: { type: "string", default: "120" },
    rest: { type: "string", default: "60" },
    reconnect: { type: "string", default: "0,4" },
    heap: { type: "string", default: "0,512" },
    flood: { type: "boolean", default: false },
    distinct: { type: "string" },
    keep: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
const numbersOf = (list: string): number[] => list.split(",").filter(Boolean).map(Number);
const runtimes = (["node", "bun"] as const).filter(
  (runtime: Runtime) => values.runtime === undefined || values.runtime === runtime,
);
const [clients, cycles, seed] = [Number(values.clients), Number(values.cycles), Number(values.seed)];
const readers = Number(values.readers);
const kinds = Object.keys(CYCLES) as (keyof typeof CYCLES)[];
const pausesMs = numbersOf(values.pauses);
const print = (text: string): boolean => process.stdout.write(`${text}\n`);

async function pinOn(runtime: Runtime): Promise<string[]> {
  const [seconds, restSeconds] = [Number(values.seconds), Number(values.rest)];
  const cases = { reconnectSeconds: numbersOf(values.reconnect), heapsMib: numbersOf(values.heap) };
  return runPins({ runtime, seconds, restSeconds, ...cases }, print);
}

async function keepOn(runtime: Runtime): Promise<string[]> {
  const bounds = await keep(runtime, values.only);
  print(
    `${runtime}, the memory that a user can make the server keep, in MiB; each bound has 4 MiB for compiled code\n${boundTable(bounds)}`,
  );
  return faultsIn(bounds);
}

async function floodOn(runtime: Runtime): Promise<string[]> {
  const bounds = await flood(runtime);
  print(`${runtime}, a client that sends 65,000 ephemeral frames a second\n${boundTable(bounds)}`);
  return faultsIn(bounds);
}

async function distinctOn(runtime: Runtime, visitors: number): Promise<string[]> {
  const bounds = await distinct(runtime, visitors);
  print(`${runtime}, visitors who connect, send and disconnect\n${boundTable(bounds)}`);
  return faultsIn(bounds);
}

const isAll = values.distinct === undefined && !values.pin && !values.flood && !values.keep && !values.resume;
if (values.help) print(HELP);
else for (const runtime of runtimes) await runOn(runtime);

async function runOn(runtime: Runtime): Promise<void> {
  const faults: string[] = values.pin ? await pinOn(runtime) : [];
  if (values.resume) faults.push(...(await runResumes(runtime, Number(values.seconds), print)));
  if (values.flood) faults.push(...(await floodOn(runtime)));
  if (values.distinct !== undefined) faults.push(...(await distinctOn(runtime, Number(values.distinct))));
  if (values.keep) faults.push(...(await keepOn(runtime)));
  if (pausesMs.length > 0 && isAll) {
    print(`${runtime}, ${String(clients)} clients, seed ${String(seed)}`);
    const outages = await storm({ runtime, clients, pausesMs, seed, onProgress: print });
    faults.push(...faultsOf(outages, clients));
  }
  for (const kind of cycles > 0 && isAll ? kinds : []) {
    print(`${runtime}, ${String(cycles)} connections ${kind}`);
    const report = await cycle({ runtime, cycles, kind });
    print(JSON.stringify(report));
    faults.push(...leaksIn(report));
  }
  if (readers > 0 && isAll) {
    print(`${runtime}, ${String(readers)} slow readers`);
    const report = await slowReaders(runtime, readers);
    print(JSON.stringify(report));
    faults.push(...readersFaults(report));
  }
  print(faults.length === 0 ? "No bound was exceeded." : `✗ ${faults.join("\n✗ ")}`);
  if (faults.length > 0) process.exitCode = 1;
}
