// The cases of `pnpm storm --pin`: every interval of reconnects with every size of the heap, each against a fresh server.
// For each case it prints the figures with their bounds, and the shares of server and machine in the delays.
import type { Runtime } from "../support/app-server.ts";
import { boundTable, faultsIn } from "./bound.ts";
import { pin, pinBounds } from "./pin.ts";
import type { PinReport } from "./pin.ts";

export interface PinCases {
  readonly runtime: Runtime;
  readonly seconds: number;
  readonly restSeconds: number;
  /** The intervals between reconnects, in seconds; 0 for no reconnects. */
  readonly reconnectSeconds: readonly number[];
  /** The sizes of the heap on Node, in MiB; 0 for the default of the runtime. */
  readonly heapsMib: readonly number[];
}

const CONNECTIONS = 20;
const ROOMS = 800;

/** Runs every case. @returns a sentence for each bound that was exceeded */
export async function runPins(cases: PinCases, print: (text: string) => void): Promise<string[]> {
  const { runtime, seconds, restSeconds } = cases;
  const faults: string[] = [];
  for (const heap of runtime === "node" ? cases.heapsMib : [0])
    for (const reconnect of cases.reconnectSeconds) {
      const report = await pin({
        ...{ runtime, seconds, restSeconds, connections: CONNECTIONS, rooms: ROOMS },
        reconnectMs: reconnect === 0 ? undefined : reconnect * 1_000,
        maxHeapMib: heap === 0 ? undefined : heap,
      });
      const bounds = pinBounds(report);
      const connections = reconnect === 0 ? "stay open" : `reconnect every ${String(reconnect)} s`;
      print(`${runtime}${heap === 0 ? "" : `, a heap of ${String(heap)} MiB`}, connections ${connections}`);
      print(boundTable(bounds));
      print(explain(report));
      faults.push(...faultsIn(bounds));
    }
  return faults;
}

/** The figures without a bound, which show whether the server or the machine caused a delay. */
function explain({
  attacked,
  historyMib,
  evicted,
  historyLeftMib,
  residentLeftMib,
  sent,
}: PinReport): string {
  const { cpuPercent, lagMs, ownDelayMs, waitedPercent } = attacked;
  return [
    `${String(sent)} sends stored, history ${String(historyMib)} MiB, ${String(evicted)} messages given up;`,
    `after the rest the history had ${String(historyLeftMib)} MiB, and ${String(residentLeftMib)} MiB were resident.`,
    `The server's main thread ran ${String(cpuPercent)} % of the time and waited for a core ${String(waitedPercent)} %;`,
    `its longest delay was ${String(lagMs)} ms, the p99 of the measuring process's own ${String(ownDelayMs)} ms.`,
  ].join("\n");
}
