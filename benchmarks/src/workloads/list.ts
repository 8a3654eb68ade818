import { fanOuts } from "./fan-outs.ts";
import { isHalyard, servers } from "../processes/servers.ts";
import { cpu, rate } from "./workload.ts";
import type { CurveSpec, FigureSpec, Scale, Workload } from "./workload.ts";

const PEERS = servers.map(({ id }) => id).filter((id) => !isHalyard(id));

/** Every workload, at full scale or at one that is done in minutes. */
export function listWorkloads(scale: Scale): Workload[] {
  const others = [
    chat(scale),
    rooms(scale),
    requests(scale),
    typing(scale),
    connects(scale),
    idle(scale),
    signedIn(scale),
    hall(scale),
    slowReader(scale),
  ];
  return [...fanOuts(scale), ...others].map((workload) => (scale.isQuick ? shorten(workload) : workload));
}

/** Where there is little time, one run tells of all but those that are ws inside. */
function shorten(workload: Workload): Workload {
  return { ...workload, runs: 1, without: [...(workload.without ?? []), "crossws", "hono"] };
}

function chat({ isQuick, durationMs }: Scale): Workload {
  const connections = isQuick ? 500 : 1_000;
  return {
    id: "chat",
    title: `Chat through the whole stack, ${connections.toLocaleString("en")} connections`,
    about:
      "A client's chat message is validated, handled, given an id, author and time, broadcast and acknowledged; in Halyard also " +
      "deduplicated, kept in the history and numbered. 16 under way; CPU per delivery.",
    dialect: "v1",
    plan: { kind: "chat", connections, bytes: 128, underWay: 16, durationMs },
    figures: [cpu("chat", "CPU per delivery", true), rate("chat", "deliveries/s")],
    without: ["crossws", "hono"],
  };
}

/** The peers' application has no rooms with a history and receipts of their own. */
function rooms({ durationMs }: Scale): Workload {
  const [connections, roomSize] = [2_000, 5];
  return {
    id: `rooms-${String(roomSize)}`,
    title: `Chat in rooms of ${String(roomSize)}, ${connections.toLocaleString("en")} connections`,
    about:
      "As chat through the whole stack, but each message goes to one small room, and the rooms take turns. 16 under way in all; " +
      "CPU per delivery.",
    dialect: "v1",
    // Longer than others, because V8 still compiles in the first second.
    plan: { kind: "rooms", connections, roomSize, bytes: 128, underWay: 16, durationMs: durationMs * 3 },
    figures: [cpu("rooms", "CPU per delivery", true), rate("rooms", "deliveries/s")],
    without: PEERS,
  };
}

function requests({ durationMs }: Scale): Workload {
  return {
    id: "requests",
    title: "Request and reply on 100 connections",
    about:
      "Input validated by zod, answered with a small object (in Halyard validated too, and kept for a client that lost the reply). " +
      "Requests under way on each connection: 10, then 1.",
    dialect: "v1",
    // Longer than others, because V8 still compiles in the first second.
    plan: { kind: "requests", connections: 100, underWay: [10, 1], durationMs: durationMs * 3 },
    figures: [
      cpu("10 under way", "10 under way", true),
      cpu("1 under way", "1 under way", true),
      rate("10 under way", "requests/s"),
    ],
    without: ["crossws", "hono"],
  };
}

function typing({ isQuick, durationMs }: Scale): Workload {
  const connections = isQuick ? 500 : 1_000;
  return {
    id: "typing",
    title: `A room of ${connections.toLocaleString("en")} where everyone types`,
    about:
      "Each connection in turn says that it types, and all others see it. 16 under way; CPU per delivery.",
    dialect: "v1",
    plan: { kind: "typing", connections, underWay: 16, durationMs },
    figures: [cpu("typing", "CPU per delivery", true), rate("typing", "deliveries/s")],
    without: ["socket.io", "crossws", "hono", "uwebsockets"],
  };
}

function connects({ isQuick, durationMs }: Scale): Workload {
  const connections = isQuick ? 1_000 : 5_000;
  return {
    id: "connects",
    title: `${connections.toLocaleString("en")} connects`,
    about:
      "Handshake, sign-in (stubbed in all), welcome and a list of at most 200 users. CPU per connect from the first on, and when " +
      "everyone of these is there already.",
    dialect: "plain",
    plan: { kind: "connects", connections, late: isQuick ? 500 : 2_000, durationMs },
    figures: [cpu("empty", "from the first on", true), cpu("full", "with all in the list")],
    without: ["ws-tick", "crossws", "hono", "uwebsockets"],
  };
}

function idle({ isQuick, durationMs }: Scale): Workload {
  const to = isQuick ? 3_000 : 10_000;
  return {
    id: "idle",
    title: `Idle memory at ${to.toLocaleString("en")} connections`,
    about:
      "After garbage collection, what lies between 1,000 connections and all, per connection, with user, presence and heartbeat state.",
    dialect: "plain",
    plan: { kind: "idle", from: 1_000, to, durationMs },
    figures: [
      { key: "idle.rssKib", title: "resident", unit: "KiB", better: "less", isDrawn: true },
      { key: "idle.heapKib", title: "heap", unit: "KiB", better: "less" },
    ],
    without: ["ws-tick", "crossws", "hono"],
  };
}

/** The peers' application has no sessions. */
function signedIn({ isQuick, durationMs }: Scale): Workload {
  const to = isQuick ? 3_000 : 6_000;
  return {
    id: "connects-v1-better-auth",
    title: `${to.toLocaleString("en")} clients signed in by Better Auth`,
    about:
      "Each client has a session of its own in a SQLite file, sends its cookie with the upgrade, then hello, and gets its welcome. " +
      "CPU per connect from 1,300 connections on; memory as when idle, between 1,000 connections and all.",
    dialect: "v1",
    plan: { kind: "signed-in", from: 1_000, to, durationMs },
    figures: [
      cpu("connect", "CPU per connect", true),
      { key: "idle.rssKib", title: "resident", unit: "KiB", better: "less" },
      { key: "idle.heapKib", title: "heap", unit: "KiB", better: "less" },
    ],
    without: PEERS,
  };
}

const HALLS = [400, 1_000, 2_500, 5_000];
const RATES = [10, 25, 50];

/** The same users all the time, of whom more and more come in: how the cost grows with them, and with the changes. */
function hall({ isQuick, durationMs }: Scale): Workload {
  const sizes = isQuick ? [400, 1_000] : HALLS;
  const largest = Math.max(...sizes);
  const perSecond = Math.max(...RATES);
  const parts = [
    ...sizes.map((connections) => ({ name: nameOf(connections, perSecond), connections, perSecond })),
    ...RATES.slice(0, -1).map((rate) => ({
      ...{ name: nameOf(largest, rate), connections: largest, perSecond: rate },
    })),
  ];
  const last = nameOf(largest, perSecond);
  const cores = parts.map(({ name, connections, perSecond: rate }): FigureSpec => ({
    key: `${name}.serverBusy`,
    title: `${connections.toLocaleString("en")} users, ${String(rate)}/s`,
    unit: "cores",
    better: "less",
  }));
  return {
    id: "hall",
    title: "A hall where users come and go",
    about:
      `CPU in cores, for halls of ${String(sizes[0])} to ${largest.toLocaleString("en")} users and ${RATES.join(", ")} who come (and as many who go) a second. ` +
      "Each stays a second; the others are told of both. Handshake, welcome and list of the newcomer are part of the cost. " +
      "One thread has one core at most: a server that has reached it falls behind.",
    dialect: "plain",
    // The busiest last: who falls behind there has nothing more to do.
    plan: {
      kind: "hall",
      parts: [...parts.filter(({ name }) => name !== last), ...parts.filter(({ name }) => name === last)],
      durationMs: durationMs * 2,
    },
    figures: [
      ...cores,
      { key: `${last}.cpuUs`, title: "per change in the largest", unit: "µs", better: "less" },
    ],
    curves: [acrossSizes(sizes, perSecond), acrossRates(largest)],
    without: ["ws-tick", "socket.io", "crossws", "hono", "bun", "uwebsockets"],
  };
}

function nameOf(connections: number, perSecond: number): string {
  return `hall ${String(connections)}/${String(perSecond)}`;
}

function acrossSizes(sizes: readonly number[], perSecond: number): CurveSpec {
  return {
    id: "sizes",
    title: `A hall where ${String(perSecond)} users a second come and go`,
    across: "users in the hall",
    up: "CPU, cores",
    points: sizes.map((x) => ({ x, key: `${nameOf(x, perSecond)}.serverBusy` })),
  };
}

function acrossRates(connections: number): CurveSpec {
  return {
    id: "rates",
    title: `A hall of ${connections.toLocaleString("en")}`,
    across: "users who come, and as many who go, per second",
    up: "CPU, cores",
    points: RATES.map((x) => ({ x, key: `${nameOf(connections, x)}.serverBusy` })),
  };
}

function slowReader({ isQuick, durationMs }: Scale): Workload {
  const owedBytes = (isQuick ? 10 : 16) * 1024 * 1024;
  return {
    id: "slow-reader",
    title: "A reader that stands still",
    about:
      `One of 20 readers stops reading, and is owed ${String(owedBytes / 1024 / 1024)} MiB in the end: what the server's memory ` +
      "grows by, how the reader was closed (0: not at all), and the p99 of the others before and after.",
    dialect: "plain",
    plan: {
      kind: "slow-reader",
      connections: 19,
      bytes: 2_048,
      messagesPerSecond: 1_500,
      owedBytes,
      durationMs,
    },
    figures: [
      { key: "slow.heapMib", title: "heap", unit: "MiB", better: "less", isDrawn: true },
      { key: "slow.rssMib", title: "resident", unit: "MiB", better: "less" },
      { key: "slow.closedWith", title: "closed with", unit: "", better: "more" },
      { key: "calm.p99Ms", title: "p99 before", unit: "ms", better: "less" },
      { key: "slow.p99Ms", title: "p99 after", unit: "ms", better: "less" },
    ],
    without: ["socket.io", "crossws", "hono", "bun", "uwebsockets", ...(isQuick ? ["ws-tick"] : [])],
    runs: 5,
    inThree: ["ws-tick"],
  };
}
