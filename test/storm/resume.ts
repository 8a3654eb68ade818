// Users who resume a hundred full rooms again and again, as fast as the limits let them in.
// `pnpm storm --resume` runs it: one user who reads the replays, and four who read nothing.
// Measures the share of a core, the longest turn in CPU time, the growth of resident memory, and the round trips of another user.
import { DEFAULT_LIMITS } from "@halyard/server";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { AppServer } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { channelsOf } from "../support/frame.ts";
import type { Position } from "../support/frame.ts";
import { p99Of } from "../support/p99.ts";
import { RawClient } from "../support/raw-client.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { connectOptions } from "./connect-options.ts";

const MIB = 1024 * 1024;
const ROOMS = 100;
const MESSAGES = 900;
const PADDING = 450;
const MAX_TURN_MS = 20;

interface ResumeStormOptions {
  readonly runtime: Runtime;
  readonly users: number;
  /** The number of connections of each user. */
  readonly connections: number;
  readonly seconds: number;
  /** Whether the clients read the frames that the server sends to them. */
  readonly reads: boolean;
}

/** Memory in MiB, times in ms. */
interface ResumeStormReport {
  readonly hellosPerSecond: number;
  readonly kibPerSecond: number;
  /** The part of one core that the server used, from 0 to 1. */
  readonly cpuShare: number;
  /** The most CPU time between two timers of the server that were due at once. */
  readonly longestTurnMs: number;
  readonly grownMib: number;
  readonly p99Ms: number;
}

/** Fills the rooms, lets the users resume them for the given seconds, and measures the process of the server. */
async function resumeStorm(options: ResumeStormOptions): Promise<ResumeStormReport> {
  const { runtime, seconds } = options;
  const server = new AppServer(runtime, { boundsJournal: true, limits: DEFAULT_LIMITS }, `${runtime}.ts`);
  const storm = { hello: "", hellos: 0, isOver: false };
  let other: RawClient | undefined;
  try {
    const port = await server.listen();
    const positions = await fillRooms(server, port);
    other = await new RawClient(connectOptions(port, "other")).open();
    await server.command("memory");
    const before = (await server.command("usage")) as Usage;
    const resumers = Array.from({ length: options.users * options.connections }, async (_, n) =>
      resumeAgain({
        port,
        user: `resuming-${String(n % options.users)}`,
        positions,
        reads: options.reads,
        storm,
      }),
    );
    const seen = await observe(server, other, seconds * 1_000);
    const after = (await server.command("usage")) as Usage;
    storm.isOver = true;
    await Promise.all(resumers);
    return {
      hellosPerSecond: round(storm.hellos / seconds),
      kibPerSecond: round((storm.hellos * storm.hello.length) / 1_024 / seconds),
      cpuShare: round((after.cpuMs - before.cpuMs) / (seconds * 1_000)),
      longestTurnMs: round(after.longestTurnMs),
      grownMib: Math.round((seen.mostRss - before.rss) / MIB),
      p99Ms: Math.round(p99Of(seen.times)),
    };
  } finally {
    storm.isOver = true;
    await other?.cut();
    await server.stop();
  }
}

/** One user who reads the replays, and four who read nothing. @returns the bounds that the runs exceeded, in words */
export async function runResumes(
  runtime: Runtime,
  seconds: number,
  print: (text: string) => unknown,
): Promise<string[]> {
  const faults: string[] = [];
  for (const users of [
    { users: 1, connections: 1, reads: true },
    { users: 4, connections: 20, reads: false },
  ]) {
    print(`${runtime}, resumes of 100 full rooms for ${String(seconds)} s: ${JSON.stringify(users)}`);
    const report = await resumeStorm({ runtime, seconds, ...users });
    print(JSON.stringify(report));
    if (report.longestTurnMs > MAX_TURN_MS)
      faults.push(`a turn took ${String(report.longestTurnMs)} ms of CPU time`);
  }
  return faults;
}

interface Usage {
  readonly cpuMs: number;
  readonly rss: number;
  /** The most CPU time of one turn since the last reading, in ms. */
  readonly longestTurnMs: number;
}

/** Publishes messages into every room. @returns the position before the first message of each room */
async function fillRooms(server: AppServer, port: number): Promise<(Position & { readonly ch: string })[]> {
  const rooms = Array.from({ length: ROOMS }, (_, n) => `full-${String(n)}`);
  const first = await new V1Client(connectOptions(port, "first"), new Page()).open();
  const welcome = await first.hello({ rooms });
  await first.cut();
  for (const room of rooms) await server.command("publish", { room, count: MESSAGES, padding: PADDING });
  return Object.entries(channelsOf(welcome))
    .filter(([ch]) => ch.startsWith("room:"))
    .map(([ch, { epoch, off }]) => ({ ch, epoch, off }));
}

interface Resumer {
  readonly port: number;
  readonly user: string;
  readonly positions: readonly (Position & { readonly ch: string })[];
  readonly reads: boolean;
  readonly storm: { hello: string; hellos: number; isOver: boolean };
}

/** Connects and says hello again and again. Each connection ends at its first frame, or after 2 s without reading. */
async function resumeAgain({ port, user, positions, reads, storm }: Resumer): Promise<void> {
  const rooms = positions.map(({ ch }) => ch.slice("room:".length));
  while (!storm.isOver) {
    const { clientId } = new Page();
    const { url, headers } = connectOptions(port, user);
    const socket = new WebSocket(`${url}?c=${clientId}&a=1`, ["halyard.v1"], {
      headers,
      perMessageDeflate: false,
    });
    const ended = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    socket.once("open", () => {
      storm.hello = JSON.stringify({ type: "hello", clientId, attempt: 1, positions, rooms, $: { id: "h" } });
      socket.send(storm.hello);
      storm.hellos++;
      if (!reads) socket.pause();
    });
    socket.once("message", () => {
      socket.terminate();
    });
    await Promise.race([ended, pause(2_000)]);
    socket.terminate();
    // Above the rate of upgrades the answer is 429.
    await pause(50);
  }
}

async function observe(
  server: AppServer,
  other: RawClient,
  ms: number,
): Promise<{ readonly times: readonly number[]; readonly mostRss: number }> {
  const times: number[] = [];
  let mostRss = 0;
  for (const until = performance.now() + ms; performance.now() < until;) {
    const sentAt = performance.now();
    // A server that does not answer within 5 s gives a high figure. The run goes on.
    await other.sync().catch(() => undefined);
    times.push(performance.now() - sentAt);
    other.frames.length = 0;
    mostRss = Math.max(mostRss, (await server.command("rss")) as number);
    await pause(50);
  }
  return { times, mostRss };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
