// Repeats connections against one server and compares its resources before and after.
// `pnpm storm` runs 100,000 of each kind, the conformance suite 1,000.
// A run passes if no count is above its first value, and the heap has grown by at most 5 MiB.
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { addressOf, connectAndClose, numberedOptions } from "../support/connect-and-close.ts";
import { ORIGIN } from "../fixtures/identity.ts";
import { handshake, upgradeText } from "../support/handshake.ts";
import { RawClient } from "../support/raw-client.ts";
import { until } from "../support/wait.ts";

const AT_ONCE = 50;
const WARM_UP = 5_000;
const MAX_GROWTH_BYTES = 5 * 1024 * 1024;

/** Opens and ends one connection. The number `n` decides its user, its address and the way in which it ends. */
type Cycle = (port: number, n: number) => Promise<void>;

/** The kinds of connections that are repeated against a server. */
export const CYCLES = {
  "opened and closed": connectAndClose,
  "rejected before the upgrade": attemptRejectedUpgrade,
  "opened, in a room and killed": joinThenDisconnect,
} satisfies Record<string, Cycle>;

/** The server's open resources. */
type ResourceCounts = Readonly<Record<string, number>>;

export interface CycleReport {
  readonly cycles: number;
  readonly seconds: number;
  readonly before: ResourceCounts;
  readonly after: ResourceCounts;
  /** The growth of the heap, after a full collection. */
  readonly grownBytes: number;
}

export interface CycleOptions {
  readonly runtime: Runtime;
  readonly cycles: number;
  readonly warmUp?: number;
  /** @default "opened and closed" */
  readonly kind?: keyof typeof CYCLES;
}

/** Repeats one kind of connection against a server, and counts the server's resources before and after. */
export async function cycle(options: CycleOptions): Promise<CycleReport> {
  const { runtime, cycles, warmUp = WARM_UP, kind = "opened and closed" } = options;
  // The server stores the state of a client for 5 min after its last use. A connection without a hello leaves no state.
  const server = new AppServer(runtime, { boundsJournal: true }, `${runtime}.ts`);
  try {
    const port = await server.listen();
    // Code, pools and the state of these users exist before the first measurement.
    await repeat(CYCLES[kind], port, warmUp);
    const before = await settledResources(server);
    const startedAt = performance.now();
    await repeat(CYCLES[kind], port, cycles);
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    const after = await settledResources(server);
    const grownBytes = (after["heap"] ?? 0) - (before["heap"] ?? 0);
    return { cycles, seconds, before, after, grownBytes };
  } finally {
    await server.stop();
  }
}

/** A sentence for each resource that was not released. */
export function leaksIn({ after, before, grownBytes }: CycleReport): string[] {
  const left = Object.entries(after).filter(
    ([name, count]) => name !== "heap" && count > (before[name] ?? 0),
  );
  return [
    ...left.map(([name, count]) => `${name} is ${String(count)}`),
    ...(grownBytes > MAX_GROWTH_BYTES ? [`the heap grew by ${String(grownBytes)} bytes`] : []),
  ];
}

/** The resources once every connection is closed and every grace period is over. */
async function settledResources(server: AppServer): Promise<ResourceCounts> {
  const read = async () => (await server.command("resources")) as ResourceCounts;
  await until("every connection to be closed", async () => (await read())["wsInstances"] === 0);
  const isOffline = async () => ((await server.command("listUsers")) as { total: number }).total === 0;
  await until("the grace period to end", isOffline, 20_000);
  await pause(1_000);
  const { heap } = (await server.command("memory")) as { heap: number };
  return { ...(await read()), heap };
}

async function repeat(visit: Cycle, port: number, count: number): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await visit(port, next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const REJECTIONS = [
  { headers: [], status: 401 },
  { headers: [["Origin", "https://evil.example"]], status: 403 },
  { headers: [["Sec-WebSocket-Protocol", "a,,b"]], status: 400 },
  {
    headers: [
      ["Cookie", "session=broken"],
      ["Origin", ORIGIN],
    ],
    status: 503,
  },
] as const;

/** Causes each rejection before 101 in turn, and then resets a TCP connection before the answer. */
async function attemptRejectedUpgrade(port: number, n: number): Promise<void> {
  const rejection = REJECTIONS[n % (REJECTIONS.length + 1)];
  const localAddress = addressOf(n);
  if (rejection === undefined) {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    socket.on("error", () => undefined);
    socket.write(upgradeText());
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.resetAndDestroy();
    return;
  }
  const { status } = await handshake({ port, headers: rejection.headers, localAddress });
  if (status !== rejection.status)
    throw new Error(`${String(status)} in place of ${String(rejection.status)}`);
}

async function joinThenDisconnect(port: number, n: number): Promise<void> {
  const client = await new RawClient(numberedOptions(port, n)).open();
  client.send({ type: "join", room: `room-${String(n % 100)}`, $: { id: "j" } });
  if (n % 2 === 0) await client.seen({ $: { re: "j" } });
  await client.cut();
}
