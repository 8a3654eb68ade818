import { LIMITS } from "@halyard/protocol/wire";

const KIB = 1024;

/** Every number of the server that an application may change. */
export interface ServerLimits {
  /** Largest inbound message, bytes. @default 65_536 */
  readonly messageBytes: number;
  /** Messages per second and connection, and how many may come at once. @default 50 and 100 */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Bytes per second and connection. @default 262_144 and 524_288 */
  readonly bytesPerSecond: number;
  readonly byteBurst: number;
  /** Chat messages per second and connection. @default 5 and 10 */
  readonly chatPerSecond: number;
  readonly chatBurst: number;
  /** Joins per second and connection. @default 10 and 30 */
  readonly joinsPerSecond: number;
  readonly joinBurst: number;
  /** Typing indicators per second and connection. @default 1 and 3 */
  readonly typingPerSecond: number;
  readonly typingBurst: number;
  /** Rooms per connection. @default 100 */
  readonly rooms: number;
  /** Sends of one connection that wait for their turn. @default 32 */
  readonly waitingSends: number;
  /** Requests of one connection at work, and waiting. @default 16 and 64 */
  readonly runningRequests: number;
  readonly waitingRequests: number;
  /** Requests of the server that one connection has not answered. @default 16 */
  readonly unansweredRequests: number;
  /** After this a handler settles as `timeout`, ms. @default 30_000 */
  readonly handlerMs: number;
  /** Bytes waiting to be written to one connection: ephemeral messages are dropped. @default 262_144 */
  readonly slowBytes: number;
  /** Bytes waiting to be written to one connection: it is closed with 4008. @default 1_048_576 */
  readonly maxBufferedBytes: number;
  /** Time without progress of a connection that reads, ms. @default 10_000 */
  readonly stalledMs: number;
  /** In which a v1 client says `hello`, ms. @default 10_000 */
  readonly helloMs: number;
  /** In which a message that has begun must be whole, ms. Where the runtime shows it: Node. @default 10_000 */
  readonly unfinishedMs: number;
  /** WebSocket pings and pongs per second and connection; above it 4029. @default 20 */
  readonly pingsPerSecond: number;
  /** After this a peer that does not answer a close is cut off, ms. On Node; Bun has a time of its own. @default 5_000 */
  readonly closeMs: number;
  /** Upgrades refused per second and address (IPv6: per /64), and how many at once; above it 429 unseen. @default 10 and 30 */
  readonly refusedUpgradesPerSecond: number;
  readonly refusedUpgradeBurst: number;
  /** Upgrades accepted per second and user, and how many at once; above it 429. @default 5 and 30 */
  readonly acceptedUpgradesPerSecond: number;
  readonly acceptedUpgradeBurst: number;
  /** Handshakes under way, of one address (above it 429) and of all (above it 503). @default 200 and 2_000 */
  readonly handshakesPerAddress: number;
  readonly handshakes: number;
  /** In which a handshake must be decided, ms; then 503. @default 10_000 */
  readonly handshakeMs: number;
  /** Subprotocols that an upgrade may offer; above it 400. @default 8 */
  readonly subprotocols: number;
  /** Between pings, ms. @default 25_000 */
  readonly heartbeatMs: number;
  /** Silence after which a peer is dropped, ms. @default 35_000 */
  readonly silenceMs: number;
  /** A user stays online this long after a close that was not deliberate, ms. @default 5_000 */
  readonly leaveGraceMs: number;
  /** Presence changes are collected this long, ms. @default 100 */
  readonly presenceBatchMs: number;
  /** History of a channel: messages, bytes, age in ms. @default 1_000, 1_048_576, 300_000 */
  readonly historyMessages: number;
  readonly historyBytes: number;
  readonly historyMs: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  messageBytes: LIMITS.messageBytes,
  messagesPerSecond: 50,
  messageBurst: 100,
  bytesPerSecond: 256 * KIB,
  byteBurst: 512 * KIB,
  chatPerSecond: 5,
  chatBurst: 10,
  joinsPerSecond: 10,
  joinBurst: 30,
  typingPerSecond: 1,
  typingBurst: 3,
  rooms: LIMITS.rooms,
  waitingSends: 32,
  runningRequests: 16,
  waitingRequests: 64,
  unansweredRequests: 16,
  handlerMs: 30_000,
  slowBytes: 256 * KIB,
  maxBufferedBytes: KIB * KIB,
  stalledMs: 10_000,
  helloMs: LIMITS.helloMs,
  unfinishedMs: 10_000,
  pingsPerSecond: 20,
  closeMs: 5_000,
  refusedUpgradesPerSecond: 10,
  refusedUpgradeBurst: 30,
  acceptedUpgradesPerSecond: 5,
  acceptedUpgradeBurst: 30,
  handshakesPerAddress: 200,
  handshakes: 2_000,
  handshakeMs: 10_000,
  subprotocols: 8,
  heartbeatMs: 25_000,
  silenceMs: 35_000,
  leaveGraceMs: 5_000,
  presenceBatchMs: 100,
  historyMessages: 1_000,
  historyBytes: KIB * KIB,
  historyMs: 5 * 60_000,
};

/** The largest frame that a runtime reads at all, bytes. `messageBytes`, below it, is answered with an error message. */
export const MAX_PAYLOAD_BYTES = KIB * KIB;
