// Computes the limits of a node from the defaults, the configuration, and what follows from both.
// Called once, when the node is created.
// Guarantees: each limit is a usable number, by itself and together with the others; by default a user's rate is never below
// that of one connection.
import { DEFAULT_LIMITS, MAX_PAYLOAD_BYTES, MAX_ROOMS } from "../limits.ts";
import type { ServerLimits } from "../limits.ts";
import { MAX_TIMER_MS } from "../utils/clock.ts";

const SECOND_MS = 1_000;
const DEFAULT_CONNECTIONS_PER_USER = 20;
/** The number of replies that are stored for a client, so that each repeated request finds its reply. */
const MAX_PENDING_REQUESTS = 96;
/** How many connections of a user may have a full queue at once. At the user's byte rate, eight queues are empty after half a minute. */
const FULL_QUEUES = 8;

/** @throws TypeError for a limit that cannot work */
export function checkedLimits(config: Partial<ServerLimits> = {}): ServerLimits {
  const isGiven = ([, value]: [string, unknown]): boolean => value !== undefined;
  const given: Partial<ServerLimits> = Object.fromEntries(Object.entries(config).filter(isGiven));
  const unknown = Object.keys(given).find((name) => !(name in DEFAULT_LIMITS));
  if (unknown !== undefined)
    throw new TypeError(
      `There is no limits.${unknown}: the limits are in DEFAULT_LIMITS of @halyard/server.`,
    );
  const limits = { ...DEFAULT_LIMITS, ...userRates({ ...DEFAULT_LIMITS, ...given }), ...given };
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof ServerLimits)[]) assertWorks(name, limits[name]);
  const { heartbeatMs, silenceMs, pingsPerSecond, runningRequests, waitingRequests } = limits;
  if (heartbeatMs >= silenceMs)
    throw new TypeError(
      `limits.heartbeatMs is ${String(heartbeatMs)}: it must be below limits.silenceMs (${String(silenceMs)}), which closes a peer that was not pinged.`,
    );
  if (heartbeatMs * pingsPerSecond < 2 * SECOND_MS)
    throw new TypeError(
      `limits.heartbeatMs is ${String(heartbeatMs)}: it must be at least ${String(Math.ceil((2 * SECOND_MS) / pingsPerSecond))}, because a peer answers each ping, and above limits.pingsPerSecond (${String(pingsPerSecond)}) it is closed.`,
    );
  if (runningRequests + waitingRequests > MAX_PENDING_REQUESTS)
    throw new TypeError(
      `limits.runningRequests and limits.waitingRequests are ${String(runningRequests)} and ${String(waitingRequests)}: together they must be at most ${String(MAX_PENDING_REQUESTS)}, the replies that are stored of a client.`,
    );
  return limits;
}

/** @throws TypeError for a number that cannot be compared, which would be no limit at all */
export function checkedConnectionsPerUser(given: number | undefined): number {
  const most: unknown = given ?? DEFAULT_CONNECTIONS_PER_USER;
  if (typeof most === "number" && most >= 0) return most;
  throw new TypeError(`maxConnectionsPerUser is ${String(most)}: it must be a number, at least 0.`);
}

/** The rates of a user, in the default proportion to those of one connection. */
function userRates(limits: ServerLimits): Partial<ServerLimits> {
  return {
    userMessagesPerSecond: 2 * limits.messagesPerSecond,
    userMessageBurst: 2 * limits.messageBurst,
    userBytesPerSecond: 2 * limits.bytesPerSecond,
    userByteBurst: 2 * limits.byteBurst,
    userChatPerSecond: 2 * limits.chatPerSecond,
    userChatBurst: 2 * limits.chatBurst,
    userJoinsPerSecond: 2 * limits.joinsPerSecond,
    userJoinBurst: 4 * limits.joinBurst,
    userWaitingSends: FULL_QUEUES * limits.waitingSends,
  };
}

/** The upper bounds that follow from the size of a frame. */
const MOST: Partial<ServerLimits> = { messageBytes: MAX_PAYLOAD_BYTES, rooms: MAX_ROOMS };

/** The lower bounds, below which no client could work: each has the reason beside it. */
const LEAST: Partial<ServerLimits> = {
  // A join of a room with a short name fits.
  messageBytes: 100,
  // A place for one send, request, or handshake; without one, all of them are refused or wait for ever.
  waitingSends: 1,
  userWaitingSends: 1,
  runningRequests: 1,
  handshakes: 1,
  handshakesPerAddress: 1,
  // A client that signs in with a ticket offers two.
  subprotocols: 2,
  // The time of a round trip on one machine, and that by which the timers of an idle process are late.
  helloMs: 10,
  handshakeMs: 10,
  sheddingLagMs: 10,
  // Each peer that answers a ping would be closed.
  pingsPerSecond: 1,
  // A shorter interval would only multiply the frames.
  presenceStateIntervalMs: 50,
};

function assertWorks(name: keyof ServerLimits, value: unknown): void {
  const isRate = name.endsWith("PerSecond") || name.endsWith("Burst");
  const most = name.endsWith("Ms") ? MAX_TIMER_MS : (MOST[name] ?? Infinity);
  const least = LEAST[name] ?? 0;
  if (typeof value === "number" && value >= least && value <= most && (value > 0 || !isRate)) return;
  const bound = most === Infinity ? "" : ` and at most ${String(most)}`;
  throw new TypeError(
    `limits.${name} is ${String(value)}: it must be a number, ${isRate && least === 0 ? "above 0" : `at least ${String(least)}`}${bound}.`,
  );
}
