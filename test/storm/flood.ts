// A client that sends 65,000 ephemeral frames a second, far above every rate.
// `pnpm storm --flood` runs it until the server closes the connection.
// Measures the share of a core that the server uses, the seconds until the close, and the round trips of another client.
import { DEFAULT_LIMITS } from "@halyard/server";
import { setTimeout as pause } from "node:timers/promises";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { p99Of } from "../support/p99.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { encodeFrame } from "../support/websocket-frames.ts";
import { atMost } from "./bound.ts";
import type { Bound } from "./bound.ts";
import { connectOptions } from "./connect-options.ts";
import { timesOf } from "./process-figures.ts";

const FRAMES_PER_SECOND = 65_000;
const STEP_MS = 5;
const FRAME = JSON.stringify({ type: "cursor_moved", x: 123.5, y: 456.25, $: { ch: "room:board" } });
const FRAMES = Buffer.concat(
  Array.from({ length: (FRAMES_PER_SECOND * STEP_MS) / 1_000 }, () => encodeFrame({ payload: FRAME })),
);
/** When the flood ends without a close, in ms. The server closes the connection after 10 s. */
const MAX_MS = 15_000;

/** Floods a server until it closes the connection. */
export async function flood(runtime: Runtime): Promise<Bound[]> {
  const server = new AppServer(runtime, { boundsJournal: true, limits: DEFAULT_LIMITS }, `${runtime}.ts`);
  try {
    const port = await server.listen();
    const [flooder, other] = await Promise.all([connect(port, "flooding"), connect(port, "other")]);
    const times: number[] = [];
    const [startedAt, before] = [performance.now(), timesOf(server.pid)];
    const passedMs = (): number => performance.now() - startedAt;
    const isOver = (): boolean => !flooder.isOpen || passedMs() > MAX_MS;
    let sent = 0;
    const send = async (): Promise<void> => {
      for (; !isOver(); await pause(STEP_MS))
        for (; sent * STEP_MS < passedMs(); sent++) flooder.sendBytes(FRAMES);
    };
    const measure = async (): Promise<void> => {
      for (; !isOver(); await pause(50)) {
        const askedAt = performance.now();
        await other.sync();
        times.push(performance.now() - askedAt);
      }
    };
    await Promise.all([send(), measure()]);
    const [ms, after] = [passedMs(), timesOf(server.pid)];
    const framesPerSecond = Math.round((sent * FRAMES_PER_SECOND * STEP_MS) / ms);
    await other.cut();
    return [
      atMost(
        `share of a core at ${String(framesPerSecond)} frames/s`,
        (after.cpuMs - before.cpuMs) / ms,
        0.15,
      ),
      atMost("seconds until the close", ms / 1_000, 12),
      atMost("p99 of another client's round trips, ms", p99Of(times), 20),
    ].map((bound) => ({ ...bound, measured: Math.round(bound.measured * 100) / 100 }));
  } finally {
    await server.stop();
  }
}

async function connect(port: number, user: string): Promise<V1Client> {
  const client = await new V1Client(connectOptions(port, user), new Page()).open();
  await client.hello();
  return client;
}
