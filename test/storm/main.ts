/**
 * Kills a server with many clients, repeats three kinds of connections against it, and lets many clients stop reading;
 * prints the results. `--pauses ""`, `--cycles 0` and `--readers 0` leave their part out.
 *
 *   pnpm storm --clients 5000 --pauses 300,1000,3000,10000 --cycles 100000 --readers 1000 --seed 7 --runtime bun
 */
import { parseArgs } from "node:util";
import type { Runtime } from "../support/app-server.ts";
import { cycle, leaksIn, CYCLES } from "./cycles.ts";
import { faultsOf, storm } from "./outage.ts";
import { readersFaults, slowReaders } from "./slow-readers.ts";

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "5000" },
    pauses: { type: "string", default: "300,1000,3000,10000" },
    cycles: { type: "string", default: "100000" },
    readers: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    runtime: { type: "string" },
  },
});
const runtimes = (["node", "bun"] as const).filter(
  (runtime: Runtime) => values.runtime === undefined || values.runtime === runtime,
);
const [clients, cycles, seed] = [Number(values.clients), Number(values.cycles), Number(values.seed)];
const readers = Number(values.readers);
const kinds = Object.keys(CYCLES) as (keyof typeof CYCLES)[];
const pausesMs = values.pauses.split(",").filter(Boolean).map(Number);
const print = (text: string): boolean => process.stdout.write(`${text}\n`);

for (const runtime of runtimes) {
  const faults: string[] = [];
  if (pausesMs.length > 0) {
    print(`${runtime}, ${String(clients)} clients, seed ${String(seed)}`);
    const outages = await storm({ runtime, clients, pausesMs, seed, onProgress: print });
    faults.push(...faultsOf(outages, clients));
  }
  for (const kind of cycles > 0 ? kinds : []) {
    print(`${runtime}, ${String(cycles)} connections ${kind}`);
    const report = await cycle({ runtime, cycles, kind });
    print(JSON.stringify(report));
    faults.push(...leaksIn(report));
  }
  if (readers > 0) {
    print(`${runtime}, ${String(readers)} slow readers`);
    const report = await slowReaders(runtime, readers);
    print(JSON.stringify(report));
    faults.push(...readersFaults(report));
  }
  print(faults.length === 0 ? "everything held" : `FOUND: ${faults.join("; ")}`);
  if (faults.length > 0) process.exitCode = 1;
}
