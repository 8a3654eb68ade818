/**
 * Kills a server with many clients, repeats three kinds of connections against it, and lets many clients stop reading;
 * prints the results. `--pauses ""`, `--cycles 0` and `--readers 0` leave their part out. `--pin` runs only the user who fills the
 * memory: on Node as it is and in a heap of 512 MiB, each with connections that stay open and with a reconnect every 4 s.
 * `--heap` and `--reconnect` choose among these, `--seconds` and `--rest` say for how long.
 * `--resume` runs only the users who resume a hundred full rooms again and again, for `--seconds`.
 * `--flood` runs only the client that sends 65,000 ephemeral frames a second.
 * `--distinct` runs only so many visitors who come and go, each with a user, a client and rooms of its own.
 * `--keep` measures only what a user can make the server keep: each row of docs/security.md; `--only` chooses rows by
 * their name.
 *
 *   pnpm storm --clients 5000 --pauses 300,1000,3000,10000 --cycles 100000 --readers 1000 --seed 7 --runtime bun
 *   pnpm storm --pin --runtime node --seconds 120 --reconnect 4 --heap 512
 *   pnpm storm --resume --runtime node --seconds 20
 *   pnpm storm --distinct 1000000
 *   pnpm storm --keep --only "one user"
 */
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

const { values } = parseArgs({
  options: {
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
    `${runtime}, what the server keeps, in MiB; each bound has 4 MiB for what the engine compiles meanwhile\n${boundTable(bounds)}`,
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
  print(`${runtime}, visitors who come and go\n${boundTable(bounds)}`);
  return faultsIn(bounds);
}

const isAll = values.distinct === undefined && !values.pin && !values.flood && !values.keep && !values.resume;
for (const runtime of runtimes) {
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
  print(faults.length === 0 ? "everything held" : `FOUND: ${faults.join("; ")}`);
  if (faults.length > 0) process.exitCode = 1;
}
