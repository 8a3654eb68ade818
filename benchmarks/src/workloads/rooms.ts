/** The workloads of chat in many small rooms and between users, beside peers that do the same work. */
import { CLUSTERS } from "./clusters.ts";
import { cpu, rate } from "./workload.ts";
import type { Scale, Workload } from "./workload.ts";

const SIZES = [2, 5, 20, 100];
const IN_FLIGHT = [256, 16, 1];
const CONNECTIONS = 2_000;

/** Rooms of each size with plain clients, of 5 with `halyard.v1` clients, which get receipts, direct messages, and an office. */
export function roomWorkloads({ isQuick, durationMs }: Scale): Workload[] {
  const plain = (isQuick ? [5] : SIZES).map((roomSize): Workload => {
    const id = `rooms-${String(roomSize)}`;
    const workload = roomsOf(roomSize, durationMs);
    // The bounds are near.
    return { ...workload, id, dialect: "plain", runs: roomSize === 5 ? 7 : 3 };
  });
  return [
    ...plain,
    withReceipts(durationMs),
    direct(isQuick ? 1_000 : 10_000, durationMs),
    office(durationMs),
  ];
}

function direct(connections: number, durationMs: number): Workload {
  return {
    id: "direct",
    title: `Direct messages between ${connections.toLocaleString("en")} users`,
    about:
      "Each user in turn writes to the next one; CPU per delivery, with 256, 16 and 1 in flight in all. Every server checks the " +
      "message with zod, adds a random id, the time and the author, and keeps the last 1,000 messages of each receiver; Halyard " +
      "(`manager.sendToUser`) also numbers them and checks rates.",
    dialect: "plain",
    plan: { kind: "direct", connections, bytes: 128, inFlight: IN_FLIGHT, durationMs: durationMs * 2 },
    figures: [
      ...IN_FLIGHT.map((count) => cpu(`w${String(count)}`, `${String(count)} in flight`, count === 16)),
      rate("w16", "deliveries/s"),
    ],
    without: ["crossws", "hono", ...CLUSTERS],
  };
}

/** Two in five deliveries are posts to all, the others chat and typing in rooms. */
function office(durationMs: number): Workload {
  const rates = { chatsPerSecond: 300, typingPerSecond: 600, postsPerSecond: 3 };
  return {
    id: "office",
    title: `An office of ${CONNECTIONS.toLocaleString("en")}, in one hall and 200 rooms of 10`,
    about:
      `${String(rates.postsPerSecond)} posts a second to everybody, ${String(rates.chatsPerSecond)} messages a second to rooms, as in rooms of 5, and ` +
      `${String(rates.typingPerSecond)} a second that somebody types there; CPU per delivery, and the latency of posts and messages.`,
    dialect: "plain",
    plan: {
      ...{ kind: "office", connections: CONNECTIONS, roomSize: 10, bytes: 128, ...rates },
      durationMs: durationMs * 4,
    },
    figures: [
      cpu("office", "CPU per delivery", true),
      { key: "office.p50Ms", title: "p50", unit: "ms", better: "less" },
      { key: "office.p99Ms", title: "p99", unit: "ms", better: "less" },
    ],
    without: ["crossws", "hono", ...CLUSTERS],
  };
}

/** Takes place without peers, whose clients repeat no send after a reconnect. */
function withReceipts(durationMs: number): Workload {
  const workload = roomsOf(5, durationMs, true);
  const peers = ["ws", "ws-tick", "socket.io", "bun", "uwebsockets"];
  return {
    ...workload,
    id: "rooms-5-v1",
    title: `${workload.title}, with receipts`,
    about: `${workload.about} The clients are of \`halyard.v1\`: each message is deduplicated and has a receipt.`,
    without: [...(workload.without ?? []), ...peers],
    runs: 7,
  };
}

function roomsOf(roomSize: number, durationMs: number, hasReceipts = false): Workload {
  return {
    id: "",
    title: `Chat in rooms of ${String(roomSize)}, ${CONNECTIONS.toLocaleString("en")} connections`,
    about:
      "Each message goes to one room, and the rooms take turns; CPU per delivery, with 256, 16 and 1 in flight in all. Every server " +
      "checks the message with zod, adds a random id, the time and the author, and keeps the last 1,000 messages of each room; " +
      "Halyard also numbers them, checks rates and asks `authorize`.",
    dialect: "v1",
    plan: {
      ...{ kind: "rooms", connections: CONNECTIONS, roomSize, bytes: 128, hasReceipts },
      inFlight: IN_FLIGHT,
      // The parts are longer than others, because V8 still compiles in the first second.
      durationMs: durationMs * 2,
    },
    figures: [
      ...IN_FLIGHT.map((count) => cpu(`w${String(count)}`, `${String(count)} in flight`, count === 16)),
      rate("w16", "deliveries/s"),
    ],
    without: ["crossws", "hono", ...CLUSTERS],
  };
}
