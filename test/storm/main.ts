/**
 * Kills a server under many clients, and connects and closes as often as one likes; says what came of it.
 *
 *   pnpm storm --clients 5000 --pauses 300,1000,3000,10000 --cycles 100000 --seed 7 --runtime bun
 */
import { parseArgs } from "node:util";
import type { Runtime } from "../support/app-server.ts";
import { cycle, residueFaults } from "./cycles.ts";
import { faultsOf, storm } from "./outage.ts";

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "5000" },
    pauses: { type: "string", default: "300,1000,3000,10000" },
    cycles: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    runtime: { type: "string" },
  },
});
const runtimes = (["node", "bun"] as const).filter(
  (runtime: Runtime) => values.runtime === undefined || values.runtime === runtime,
);
const [clients, cycles, seed] = [Number(values.clients), Number(values.cycles), Number(values.seed)];
const pausesMs = values.pauses.split(",").filter(Boolean).map(Number);
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

for (const runtime of runtimes) {
  const faults: string[] = [];
  if (pausesMs.length > 0) {
    say(`${runtime}, ${String(clients)} clients, seed ${String(seed)}`);
    const outages = await storm({ runtime, clients, pausesMs, seed, onProgress: say });
    faults.push(...faultsOf(outages, clients));
  }
  if (cycles > 0) {
    say(`${runtime}, ${String(cycles)} connections opened and closed`);
    const residue = await cycle({ runtime, cycles });
    say(JSON.stringify(residue));
    faults.push(...residueFaults(residue));
  }
  say(faults.length === 0 ? "everything held" : `FOUND: ${faults.join("; ")}`);
  if (faults.length > 0) process.exitCode = 1;
}
