/** The list of all workloads, and those of them without a file of their own. */
import { isHalyard, servers } from "../processes/servers.ts";
import { CLUSTERS, clusterWorkloads } from "./clusters.ts";
import { fanOuts } from "./fan-outs.ts";
import { roomWorkloads } from "./rooms.ts";
import { cpu, rate } from "./workload.ts";
import type { LineChartSpec, FigureSpec, Scale, Workload } from "./workload.ts";

const PEERS = servers.map(({ id }) => id).filter((id) => !isHalyard(id));

/** Every workload, in the order of the report. */
export function listWorkloads(scale: Scale): Workload[] {
  const others = [
    chat(scale),
    ...roomWorkloads(scale),
    requests(scale),
    typing(scale),
    connects(scale),
    idle(scale),
    signedIn(scale),
    presence(scale),
    slowReader(scale),
  ];
  const alone = [...fanOuts(scale), ...others].map(onOneServer);
  const all = [...alone, ...clusterWorkloads(scale)];
  return scale.isQuick ? all.map(toQuick) : all;
}

/** A workload without the servers of clusters. */
function onOneServer(workload: Workload): Workload {
  return { ...workload, without: [...(workload.without ?? []), ...CLUSTERS] };
}

/** A workload with one run, and without the servers on `ws`. */
function toQuick(workload: Workload): Workload {
  return { ...workload, runs: 1, without: [...(workload.without ?? []), "crossws", "hono"] };
}

function chat({ isQuick, durationMs }: Scale): Workload {
  const connections = isQuick ? 500 : 1_000;
  return {
    id: "chat",
    title: `Chat through the whole stack, ${connections.toLocaleString("en")} connections`,
    about:
      "A chat message is validated, handled, given an id, author and time, broadcast and acknowledged; in Halyard also " +
      "deduplicated, stored in the history and numbered. 16 in flight; CPU per delivery.",
    dialect: "v1",
    plan: { kind: "chat", connections, bytes: 128, inFlight: 16, durationMs },
    figures: [cpu("chat", "CPU per delivery", true), rate("chat", "deliveries/s")],
    without: ["crossws", "hono"],
  };
}

function requests({ durationMs }: Scale): Workload {
  return {
    id: "requests",
    title: "Request and reply on 100 connections",
    about:
      "Input validated by zod, reply with a small object (in Halyard validated too, and stored for a client that lost the reply). " +
      "Requests in flight on each connection: 10, then 1.",
    dialect: "v1",
    // The parts are longer than others, because V8 still compiles in the first second.
    plan: { kind: "requests", connections: 100, inFlight: [10, 1], durationMs: durationMs * 3 },
    figures: [
      cpu("10 in flight", "10 in flight", true),
      cpu("1 in flight", "1 in flight", true),
      rate("10 in flight", "requests/s"),
    ],
    without: ["crossws", "hono"],
  };
}

function typing({ isQuick, durationMs }: Scale): Workload {
  const connections = isQuick ? 500 : 1_000;
  return {
    id: "typing",
    title: `A room of ${connections.toLocaleString("en")} where all users type`,
    about:
      "Each connection in turn sends that its user types, and all others receive it. 16 in flight; CPU per delivery.",
    dialect: "v1",
    plan: { kind: "typing", connections, inFlight: 16, durationMs },
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
      "all of these are open.",
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
      "After garbage collection, the difference between 1,000 connections and all, per connection, with user, presence and heartbeat state.",
    dialect: "plain",
    plan: { kind: "idle", from: 1_000, to, durationMs },
    figures: [
      { key: "idle.rssKib", title: "resident", unit: "KiB", better: "less", isDrawn: true },
      { key: "idle.heapKib", title: "heap", unit: "KiB", better: "less" },
    ],
    without: ["ws-tick", "crossws", "hono"],
  };
}

/** Takes place without peers, whose application has no sessions. */
function signedIn({ isQuick, durationMs }: Scale): Workload {
  const to = isQuick ? 3_000 : 6_000;
  return {
    id: "connects-v1-better-auth",
    title: `${to.toLocaleString("en")} clients signed in by Better Auth`,
    about:
      "Each client has a session of its own in a SQLite file, sends its cookie with the upgrade, then hello, and gets its welcome. " +
      "CPU per connect from 1,300 connections on; memory per connection as for idle ones, from 1,000 connections on.",
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

const USER_COUNTS = [400, 1_000, 2_500, 5_000];
const RATES = [10, 25, 50];

/** The cost of presence by the number of users who stay, and of users who join and leave. */
function presence({ isQuick, durationMs }: Scale): Workload {
  const sizes = isQuick ? [400, 1_000] : USER_COUNTS;
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
    id: "presence",
    title: "Users who join and leave",
    about:
      `CPU in cores, with ${String(sizes[0])} to ${largest.toLocaleString("en")} users who stay and ${RATES.join(", ")} who join (and as many who leave) a second. ` +
      "Each of these stays for a second; all others receive both. Handshake, welcome and list of the new user are part of " +
      "the cost. One thread has one core at most: a server that has reached it falls behind.",
    dialect: "plain",
    // The busiest part is the last one, because a server that falls behind in it would delay a later part.
    plan: {
      kind: "presence",
      parts: [...parts.filter(({ name }) => name !== last), ...parts.filter(({ name }) => name === last)],
      durationMs: durationMs * 2,
    },
    figures: [
      ...cores,
      { key: `${last}.cpuUs`, title: "per change, at most users", unit: "µs", better: "less" },
    ],
    curves: [acrossSizes(sizes, perSecond), acrossRates(largest)],
    without: ["ws-tick", "socket.io", "crossws", "hono", "bun", "uwebsockets"],
  };
}

function nameOf(connections: number, perSecond: number): string {
  return `presence ${String(connections)}/${String(perSecond)}`;
}

function acrossSizes(sizes: readonly number[], perSecond: number): LineChartSpec {
  return {
    id: "sizes",
    title: `${String(perSecond)} users a second join and leave`,
    across: "users who stay",
    up: "CPU, cores",
    points: sizes.map((x) => ({ x, key: `${nameOf(x, perSecond)}.serverBusy` })),
  };
}

function acrossRates(connections: number): LineChartSpec {
  return {
    id: "rates",
    title: `${connections.toLocaleString("en")} users who stay`,
    across: "users who join, and as many who leave, per second",
    up: "CPU, cores",
    points: RATES.map((x) => ({ x, key: `${nameOf(connections, x)}.serverBusy` })),
  };
}

function slowReader({ isQuick, durationMs }: Scale): Workload {
  const owedBytes = (isQuick ? 10 : 16) * 1024 * 1024;
  return {
    id: "slow-reader",
    title: "A reader that stops reading",
    about:
      `One of 20 readers stops reading, and ${String(owedBytes / 1024 / 1024)} MiB are sent to it: the growth of the server's memory, ` +
      "the code that the reader was closed with (0: not closed), and the p99 of the other readers before and after.",
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
      { key: "before.p99Ms", title: "p99 before", unit: "ms", better: "less" },
      { key: "slow.p99Ms", title: "p99 after", unit: "ms", better: "less" },
    ],
    without: ["socket.io", "crossws", "hono", "bun", "uwebsockets", ...(isQuick ? ["ws-tick"] : [])],
    runs: 5,
    onlyFirstRuns: ["ws-tick"],
  };
}
