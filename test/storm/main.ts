/**
 * Kills a server with many clients, repeats three kinds of connections against it, and lets many clients stop reading;
 * prints the results. `--pauses ""`, `--cycles 0` and `--readers 0` leave their part out. `--pin` runs only the user who fills the
 * memory, once with open connections and once with a reconnect every 4 s; `--seconds` and `--rest` say for how long.
 *
 *   pnpm storm --clients 5000 --pauses 300,1000,3000,10000 --cycles 100000 --readers 1000 --seed 7 --runtime bun
 *   pnpm storm --pin --runtime node
 */
import { parseArgs } from "node:util";
import type { Runtime } from "../support/app-server.ts";
import { cycle, leaksIn, CYCLES } from "./cycles.ts";
import { faultsOf, storm } from "./outage.ts";
import { pin, pinFaults } from "./pin.ts";
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
    seconds: { type: "string", default: "120" },
    rest: { type: "string", default: "60" },
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

async function pinOn(runtime: Runtime): Promise<string[]> {
  const [seconds, restSeconds] = [Number(values.seconds), Number(values.rest)];
  const faults: string[] = [];
  for (const reconnects of [{}, { reconnectMs: 4_000 }]) {
    const attack = { connections: 20, rooms: 800, maxHeapMib: 512, ...reconnects };
    print(`${runtime}, one user for ${String(seconds)} s: ${JSON.stringify(attack)}`);
    const report = await pin({ runtime, seconds, restSeconds, ...attack });
    print(JSON.stringify(report));
    faults.push(...pinFaults(report));
  }
  return faults;
}

for (const runtime of runtimes) {
  const faults: string[] = values.pin ? await pinOn(runtime) : [];
  if (pausesMs.length > 0 && !values.pin) {
    print(`${runtime}, ${String(clients)} clients, seed ${String(seed)}`);
    const outages = await storm({ runtime, clients, pausesMs, seed, onProgress: print });
    faults.push(...faultsOf(outages, clients));
  }
  for (const kind of cycles > 0 && !values.pin ? kinds : []) {
    print(`${runtime}, ${String(cycles)} connections ${kind}`);
    const report = await cycle({ runtime, cycles, kind });
    print(JSON.stringify(report));
    faults.push(...leaksIn(report));
  }
  if (readers > 0 && !values.pin) {
    print(`${runtime}, ${String(readers)} slow readers`);
    const report = await slowReaders(runtime, readers);
    print(JSON.stringify(report));
    faults.push(...readersFaults(report));
  }
  print(faults.length === 0 ? "everything held" : `FOUND: ${faults.join("; ")}`);
  if (faults.length > 0) process.exitCode = 1;
}
