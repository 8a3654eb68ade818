import type { JobPlan } from "./measure.ts";

export interface FigureSpec {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "less" | "more";
  /** Drawn as a picture. */
  readonly isDrawn?: boolean;
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  /** One sentence: what happens. */
  readonly about: string;
  /** Whether Halyard's client says hello and wants receipts. Others know only one way. */
  readonly dialect: "plain" | "v1";
  readonly plan: JobPlan;
  readonly figures: readonly FigureSpec[];
  /** Servers that cannot do it, or of which it says nothing. */
  readonly without?: readonly string[];
}

export interface Scale {
  readonly isQuick: boolean;
  readonly durationMs: number;
}

const cpu = (key: string, title: string, isDrawn = false): FigureSpec => ({
  key: `${key}.cpuUs`,
  title,
  unit: "µs",
  better: "less",
  isDrawn,
});

/** Every workload, at full scale or at one that is done in minutes. */
export function listWorkloads(scale: Scale): Workload[] {
  const sizes = scale.isQuick ? [1_000] : [100, 1_000, 5_000];
  const bytes = scale.isQuick ? [128] : [128, 2_048];
  const fanOuts = sizes.flatMap((connections) => bytes.map((size) => fanOut(connections, size, scale)));
  const others = [
    compressed(scale),
    chat(scale),
    requests(scale),
    typing(scale),
    connects(scale),
    idle(scale),
    ...halls(scale),
    slowReader(scale),
  ];
  return [...fanOuts, ...others.map((workload) => (scale.isQuick ? shorten(workload) : workload))];
}

/** Where there is little time: crossws and Hono are ws inside, and what takes long is told by fewer. */
function shorten(workload: Workload): Workload {
  const takesLong = workload.plan.kind === "hall" || workload.plan.kind === "slow-reader";
  const more = takesLong ? ["socket.io", "bun", "uwebsockets"] : [];
  return { ...workload, without: ["crossws", "hono", ...more] };
}

const STEADY = 30_000;

function fanOut(connections: number, bytes: number, { durationMs }: Scale): Workload {
  const size = bytes < 1_024 ? `${String(bytes)} B` : `${String(bytes / 1_024)} KB`;
  return {
    id: `fan-out-${String(connections)}-${String(bytes)}`,
    title: `Fan-out to ${connections.toLocaleString("en")} connections, ${size}`,
    about:
      "One connection posts, everyone gets it; CPU time of the server per delivery, with 16 messages under way and with 1. " +
      `Then, at a steady ${STEADY.toLocaleString("en")} deliveries/s, how long a message takes.`,
    dialect: "plain",
    plan: {
      kind: "fan-out",
      connections,
      bytes,
      durationMs,
      parts: [
        { name: "w16", underWay: 16 },
        { name: "w1", underWay: 1 },
        { name: "steady", deliveriesPerSecond: STEADY },
      ],
    },
    figures: [
      cpu("w16", "16 under way", true),
      cpu("w1", "1 under way"),
      { key: "steady.p50Ms", title: "p50", unit: "ms", better: "less" },
      { key: "steady.p99Ms", title: "p99", unit: "ms", better: "less" },
      { key: "w16.perSecond", title: "deliveries/s", unit: "/s", better: "more" },
    ],
  };
}

function compressed({ durationMs }: Scale): Workload {
  return {
    id: "compressed-1000-2048",
    title: "Fan-out to 1,000 connections, 2 KB of prose, compressed",
    about:
      "permessage-deflate is on and agreed upon by every connection; 16 messages under way, CPU of all threads per delivery. " +
      "Halyard deflates a message once, its peers once per connection.",
    dialect: "plain",
    plan: {
      ...{ kind: "fan-out", connections: 1_000, bytes: 2_048, isCompressed: true, durationMs },
      parts: [{ name: "w16", underWay: 16 }],
    },
    figures: [cpu("w16", "CPU per delivery", true), rate("w16", "deliveries/s")],
    without: ["halyard-bun", "ws-tick", "crossws", "hono", "bun", "uwebsockets"],
  };
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
    plan: { kind: "requests", connections: 100, underWay: [10, 1], durationMs },
    figures: [
      cpu("10 under way", "10 under way", true),
      cpu("1 under way", "1 under way", true),
      rate("10 under way", "requests/s"),
    ],
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
  };
}

function halls({ isQuick, durationMs }: Scale): Workload[] {
  const sizes: [connections: number, perSecond: number][] = isQuick
    ? [[1_000, 50]]
    : [
        [400, 50],
        [1_000, 50],
        [2_500, 50],
        [5_000, 50],
        [5_000, 10],
      ];
  return sizes.map(([connections, perSecond]) => ({
    id: `hall-${String(connections)}-${String(perSecond)}`,
    title: `A hall of ${connections.toLocaleString("en")} where ${String(perSecond)} users a second come and go`,
    about:
      "Each stays a second; the others are told of both. Handshake, welcome and list of the newcomer are part of the cost.",
    dialect: "plain",
    plan: { kind: "hall", connections, perSecond, durationMs: durationMs * 2 },
    figures: [
      { key: "hall.serverBusy", title: "CPU", unit: "cores", better: "less", isDrawn: connections === 5_000 },
      { key: "hall.cpuUs", title: "per change", unit: "µs", better: "less" },
      { key: "hall.deliveriesPerSecond", title: "deliveries/s", unit: "/s", better: "less" },
    ],
    without: ["crossws", "hono"],
  }));
}

function slowReader({ isQuick, durationMs }: Scale): Workload {
  const owedBytes = (isQuick ? 12 : 16) * 1024 * 1024;
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
  };
}

function rate(key: string, title: string): FigureSpec {
  return { key: `${key}.perSecond`, title, unit: "/s", better: "more" };
}
