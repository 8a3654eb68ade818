import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { RawClient } from "../support/raw-client.ts";
import { ORIGIN } from "../support/test-app.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

const AT_ONCE = 50;
const USERS = 1_000;
const WARM_UP = 5_000;
const MOST_BYTES = 5 * 1024 * 1024;

/** What the server still holds. */
type Residue = Readonly<Record<string, number>>;

export interface CycleReport {
  readonly cycles: number;
  readonly seconds: number;
  readonly before: Residue;
  readonly after: Residue;
  /** Of the heap, after a full collection. */
  readonly grownBytes: number;
}

/** Opens and closes connections in every way there is, and looks at what is left of them. */
export async function cycle({
  runtime,
  cycles,
  warmUp = WARM_UP,
}: {
  readonly runtime: Runtime;
  readonly cycles: number;
  readonly warmUp?: number;
}): Promise<CycleReport> {
  // A client's record stays for 5 min after its last use: none is left behind by a connection that says no hello.
  const server = new AppServer(runtime, { forgets: true }, `${runtime}.ts`);
  try {
    const port = await server.listen();
    // What is made once (code, pools, the records of these users) is there before anything is measured.
    await comeAndGo(port, warmUp);
    const before = await rest(server);
    const startedAt = performance.now();
    await comeAndGo(port, cycles);
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    const after = await rest(server);
    const grownBytes = (after["heap"] ?? 0) - (before["heap"] ?? 0);
    return { cycles, seconds, before, after, grownBytes };
  } finally {
    await server.stop();
  }
}

/** What did not hold. */
export function residueFaults({ after, before, grownBytes }: CycleReport): string[] {
  const left = Object.entries(after).filter(
    ([name, count]) => name !== "heap" && count > (before[name] ?? 0),
  );
  return [
    ...left.map(([name, count]) => `${name} is ${String(count)}`),
    ...(grownBytes > MOST_BYTES ? [`the heap grew by ${String(grownBytes)} bytes`] : []),
  ];
}

/** What there is once everyone has gone and every grace is over. */
async function rest(server: AppServer): Promise<Residue> {
  const read = async () => (await server.command("residue")) as Residue;
  await until("everyone to be gone", async () => (await read())["wsInstances"] === 0);
  const isOffline = async () => ((await server.command("listUsers")) as { total: number }).total === 0;
  await until("the grace to be over", isOffline, 20_000);
  await pause(1_000);
  const { heap } = (await server.command("memory")) as { heap: number };
  return { ...(await read()), heap };
}

async function comeAndGo(port: number, count: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await visit(port, next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Every way of ending a connection in turn, spread over the loopback addresses and a fixed set of clients. */
async function visit(port: number, n: number): Promise<void> {
  const headers = { cookie: `session=user-${String(n % USERS)}`, origin: ORIGIN };
  const url = `ws://127.0.0.1:${String(port)}/ws`;
  const options = { url, headers, localAddress: `127.0.0.${String(2 + (n % 8))}` };
  const v1 = n % 3 === 0 ? new V1Client(options, new Page()) : undefined;
  const client = await (v1 ?? new RawClient(options)).open();
  if (n % 2 === 0) await (v1 === undefined ? client.next("welcome") : v1.hello());
  if (n % 5 === 0) await client.cut();
  else await client.close(n % 7 === 0 ? 1001 : 1000);
}
