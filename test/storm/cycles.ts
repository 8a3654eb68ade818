import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { handshake } from "../support/handshake.ts";
import { RawClient } from "../support/raw-client.ts";
import type { ConnectOptions } from "../support/raw-client.ts";
import { ORIGIN } from "../support/test-app.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

const AT_ONCE = 50;
const USERS = 1_000;
const WARM_UP = 5_000;
const MOST_BYTES = 5 * 1024 * 1024;

/** Comes and goes once; `n` counts, so that users, addresses and ways differ. */
type Visit = (port: number, n: number) => Promise<void>;

/** What one can do to a server again and again. */
export const VISITS = {
  "opened and closed": comeAndGo,
  "refused at the door": knock,
  "opened, in a room and killed": joinAndDie,
} satisfies Record<string, Visit>;

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

export interface CycleOptions {
  readonly runtime: Runtime;
  readonly cycles: number;
  readonly warmUp?: number;
  /** @default opened and closed */
  readonly kind?: keyof typeof VISITS;
}

/** Visits a server many times, and looks at what is left of it there. */
export async function cycle(options: CycleOptions): Promise<CycleReport> {
  const { runtime, cycles, warmUp = WARM_UP, kind = "opened and closed" } = options;
  // A client's record stays for 5 min after its last use: none is left behind by a connection that says no hello.
  const server = new AppServer(runtime, { forgets: true }, `${runtime}.ts`);
  try {
    const port = await server.listen();
    // What is made once (code, pools, the records of these users) is there before anything is measured.
    await visitOften(VISITS[kind], port, warmUp);
    const before = await rest(server);
    const startedAt = performance.now();
    await visitOften(VISITS[kind], port, cycles);
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

async function visitOften(visit: Visit, port: number, count: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await visit(port, next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** One address has 28,232 local ports, each of which rests for a minute. */
const addressOf = (n: number): string => `127.0.0.${String(2 + (n % 64))}`;

function connecting(port: number, n: number): ConnectOptions {
  const headers = { cookie: `session=user-${String(n % USERS)}`, origin: ORIGIN };
  return { url: `ws://127.0.0.1:${String(port)}/ws`, headers, localAddress: addressOf(n) };
}

/** Every way of ending a connection in turn, spread over the loopback addresses and a fixed set of clients. */
async function comeAndGo(port: number, n: number): Promise<void> {
  const options = connecting(port, n);
  const v1 = n % 3 === 0 ? new V1Client(options, new Page()) : undefined;
  const client = await (v1 ?? new RawClient(options)).open();
  if (n % 2 === 0) await (v1 === undefined ? client.next("welcome") : v1.hello());
  if (n % 5 === 0) await client.cut();
  else await client.close(n % 7 === 0 ? 1001 : 1000);
}

const REFUSALS = [
  { headers: [], status: 401 },
  { headers: [["Origin", "https://evil.example"]], status: 403 },
  { headers: [["Sec-WebSocket-Protocol", "a,,b"]], status: 400 },
  { headers: [["Cookie", "session=broken"]], status: 503 },
] as const;

/** Everything that is refused before 101, and one who leaves while the answer is under way. */
async function knock(port: number, n: number): Promise<void> {
  const refusal = REFUSALS[n % (REFUSALS.length + 1)];
  const localAddress = addressOf(n);
  if (refusal === undefined) {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    socket.on("error", () => undefined);
    socket.write("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    socket.write("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.resetAndDestroy();
    return;
  }
  const { status } = await handshake({ port, headers: refusal.headers, localAddress });
  if (status !== refusal.status) throw new Error(`${String(status)} in place of ${String(refusal.status)}`);
}

async function joinAndDie(port: number, n: number): Promise<void> {
  const client = await new RawClient(connecting(port, n)).open();
  client.send({ type: "join", room: `hall-${String(n % 100)}`, $: { id: "j" } });
  if (n % 2 === 0) await client.seen({ $: { re: "j" } });
  await client.cut();
}
