import { LIMITS } from "@halyard/protocol/wire";

const KIB = 1024;

/** The limits of the server, which the option `limits` changes. */
export interface ServerLimits {
  /**
   * The largest message of a client, in bytes; at least 100 and at most 1 MiB. A larger one is refused with `payload_too_large`; the
   * third one closes the connection with 4413.
   *
   * @default 65_536
   */
  readonly messageBytes: number;
  /**
   * The rate of frames of one connection, in frames per second. Above it a plain client gets `rate_limited`, and
   * the sends of a v1 client wait. After 10 consecutive seconds with more than five times this rate, the connection is closed
   * with 4029.
   *
   * @default 50
   */
  readonly messagesPerSecond: number;
  /** How many frames one connection may send at once, in frames. @default 100 */
  readonly messageBurst: number;
  /** The rate of bytes of one connection, in bytes per second. @default 262_144 */
  readonly bytesPerSecond: number;
  /** How many bytes one connection may send at once, in bytes. @default 524_288 */
  readonly byteBurst: number;
  /** The rate of chat messages of one connection, in messages per second. @default 5 */
  readonly chatPerSecond: number;
  /** How many chat messages one connection may send at once, in messages. @default 10 */
  readonly chatBurst: number;
  /** The rate of joins of one connection, in joins per second; requests for pages of users have the same rate. @default 10 */
  readonly joinsPerSecond: number;
  /** How many joins one connection may send at once, in joins. @default 30 */
  readonly joinBurst: number;
  /** The rate of typing indicators of one connection, per second. Above it they are dropped. @default 1 */
  readonly typingPerSecond: number;
  /** How many typing indicators one connection may send at once, in messages. @default 3 */
  readonly typingBurst: number;
  /**
   * The shortest time between two deliveries of an ephemeral message type from one connection in one channel, in ms. Of the messages that
   * a client sends in between, only the newest is delivered; `message(…, { ephemeral: { everyMs, keep } })` changes this for one
   * type. Dropped messages are counted in `getMetrics().thinned`.
   *
   * @default 50
   */
  readonly ephemeralIntervalMs: number;
  /** The rate of frames of one user, on all connections to this node. @default 100, or twice `messagesPerSecond` */
  readonly userMessagesPerSecond: number;
  /** How many frames one user may send at once, in frames. @default 200, or twice `messageBurst` */
  readonly userMessageBurst: number;
  /** The rate of bytes of one user, in bytes per second. @default 524_288, or twice `bytesPerSecond` */
  readonly userBytesPerSecond: number;
  /** How many bytes one user may send at once, in bytes. @default 1_048_576, or twice `byteBurst` */
  readonly userByteBurst: number;
  /** The rate of chat messages of one user, in messages per second. @default 10, or twice `chatPerSecond` */
  readonly userChatPerSecond: number;
  /** How many chat messages one user may send at once, in messages. @default 20, or twice `chatBurst` */
  readonly userChatBurst: number;
  /** The rate of joins of one user. Rooms of a `hello` have their own rate. @default 20, or twice `joinsPerSecond` */
  readonly userJoinsPerSecond: number;
  /** How many joins one user may send at once, in joins. @default 120, or four times `joinBurst` */
  readonly userJoinBurst: number;
  /**
   * The rate at which all clients together may send into one channel, in bytes per second. Above it their sends wait.
   *
   * @default 1_048_576
   */
  readonly channelBytesPerSecond: number;
  /** How many bytes all clients together may send into one channel at once, in bytes. @default 2_097_152 */
  readonly channelByteBurst: number;
  /** How many rooms one connection may be in; at most 1_000. Above it a join is refused with `limit_exceeded`. @default 100 */
  readonly rooms: number;
  /**
   * How many messages of one connection may wait in its queue; at least 1. Above it a message is refused with `limit_exceeded`; a
   * client of this package sends no more. @default 32
   */
  readonly waitingSends: number;
  /**
   * How many messages of one user may wait or run, over all connections, including closed ones; at least 1, by default eight times
   * `waitingSends`. Above it a message is refused with `limit_exceeded`.
   *
   * @default 256
   */
  readonly userWaitingSends: number;
  /** How many requests of one connection run at a time; at least 1, and together with `waitingRequests` at most 96. @default 16 */
  readonly runningRequests: number;
  /**
   * How many requests of one connection may wait for a running one. Above it a request is refused with `limit_exceeded`.
   *
   * @default 64
   */
  readonly waitingRequests: number;
  /**
   * How many requests of the server one connection may have unanswered. Above it `manager.request` rejects.
   *
   * @default 16
   */
  readonly unansweredRequests: number;
  /**
   * How long a handler, `authorize` or `onConnect` may run, in ms. After it the call fails with `timeout`;
   * a connection whose `onConnect` exceeds it is closed with 1013.
   *
   * @default 30_000
   */
  readonly handlerMs: number;
  /**
   * The number of unsent bytes above which ephemeral messages for a connection are dropped, in bytes.
   *
   * @default 262_144
   */
  readonly slowBytes: number;
  /**
   * The number of unsent bytes above which a connection is closed with 4008, in bytes. Those of a replay do not count; those of frames
   * that wait behind a replay do.
   *
   * @default 1_048_576
   */
  readonly maxBufferedBytes: number;
  /**
   * How long a connection may have unsent bytes without any of them leaving the process, in ms. After it the connection is closed
   * with 4008. A slow reader that makes progress is not closed.
   *
   * @default 10_000
   */
  readonly stalledMs: number;
  /**
   * How long a v1 client may take to send `hello`, in ms; at least 10. After it the connection is closed with 4010.
   *
   * @default 10_000
   */
  readonly helloMs: number;
  /**
   * How long a message may be incomplete, in ms. After it the connection is closed with 4010. On Node only: Bun
   * does not expose that a message has begun.
   *
   * @default 10_000
   */
  readonly unfinishedMs: number;
  /**
   * The rate of WebSocket pings and pongs of one connection, in frames per second; at least 1. Above it the connection is
   * closed with 4029.
   *
   * @default 20
   */
  readonly pingsPerSecond: number;
  /**
   * How long a peer may take to answer a close frame, in ms. After it the socket is destroyed. On Node only: Bun
   * has a timeout of its own.
   *
   * @default 5_000
   */
  readonly closeMs: number;
  /**
   * The rate of refused upgrades of one address (IPv6: one /64), in upgrades per second. Above it the address gets
   * 429 before `authenticate` runs. Without `trustProxy` the rate applies to each address that a proxy forwards, and 20 times the rate
   * to the proxy. Requests of pages that were never allowed so far are counted separately, with the same rate.
   *
   * @default 10
   */
  readonly refusedUpgradesPerSecond: number;
  /** How many refused upgrades one address may have at once. @default 30 */
  readonly refusedUpgradeBurst: number;
  /**
   * The rate of upgrades of one user, in upgrades per second; a plain GET in place of an upgrade counts as one. Above it
   * an upgrade gets 429, before `authenticate` runs if its credential is known.
   *
   * @default 5
   */
  readonly acceptedUpgradesPerSecond: number;
  /** How many accepted upgrades one user may have at once. @default 30 */
  readonly acceptedUpgradeBurst: number;
  /**
   * The rate of `authenticate` messages of one user, in messages per second, over all connections and reconnects. Above it
   * they are refused with `rate_limited`, and the session store is not asked.
   *
   * @default 2
   */
  readonly authenticatesPerSecond: number;
  /** How many `authenticate` messages one user may send at once, in messages. @default 40 */
  readonly authenticateBurst: number;
  /** How many handshakes of one address may be undecided at a time; at least 1. Above it an upgrade gets 429. @default 200 */
  readonly handshakesPerAddress: number;
  /** How many handshakes may be undecided at a time; at least 1. Above it an upgrade gets 503. @default 2_000 */
  readonly handshakes: number;
  /** The lag of the event loop above which an upgrade gets 503 with `Retry-After`, in ms; at least 10. @default 1_000 */
  readonly sheddingLagMs: number;
  /** How long a handshake may be undecided, in ms; at least 10. After it the upgrade gets 503. @default 10_000 */
  readonly handshakeMs: number;
  /** How many subprotocols an upgrade may offer; at least 2. Above it the upgrade gets 400. @default 8 */
  readonly subprotocols: number;
  /** The time between two pings of one connection, in ms; less than `silenceMs`, at least 2,000 / `pingsPerSecond`. @default 25_000 */
  readonly heartbeatMs: number;
  /**
   * How long a peer may send nothing, not even a pong, in ms. After it the connection is closed with 4000. A peer that still
   * reads waiting bytes does not count as silent.
   *
   * @default 35_000
   */
  readonly silenceMs: number;
  /** How long a user stays online after a close that was not deliberate, in ms. @default 5_000 */
  readonly leaveGraceMs: number;
  /** How long presence changes are collected before they are sent as one message, in ms. @default 100 */
  readonly presenceBatchMs: number;
  /** The largest presence state as JSON, in bytes. Above it an update is refused with `payload_too_large`. @default 1_024 */
  readonly presenceStateBytes: number;
  /** The shortest time between two deliveries of a user's presence state, in ms; at least 50. @default 50 */
  readonly presenceStateIntervalMs: number;
  /** The number of users in a room above which presence states are sent only in requested pages of users. @default 500 */
  readonly presenceStateUsers: number;
  /** How many messages the history of a channel holds. @default 1_000 */
  readonly historyMessages: number;
  /** How many bytes the history of a channel holds, in bytes. @default 1_048_576 */
  readonly historyBytes: number;
  /** How long the history of a channel holds a message, in ms. @default 300_000 */
  readonly historyMs: number;
  /**
   * How much memory the history of all channels of this process may take, in bytes. The estimate includes two bytes per
   * character for a text that is not Latin-1, and the size of each entry and channel. Above it, messages are dropped: first those of the
   * users who fill most of it (one user never fills more than an eighth), then the oldest ones of the channels that are least
   * recently read. A client that resumes before a dropped message gets a gap (`trimmed`).
   *
   * @default 268_435_456
   */
  readonly historyTotalBytes: number;
}

/** The default limits. */
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
  ephemeralIntervalMs: 50,
  userMessagesPerSecond: 100,
  userMessageBurst: 200,
  userBytesPerSecond: 512 * KIB,
  userByteBurst: KIB * KIB,
  userChatPerSecond: 10,
  userChatBurst: 20,
  userJoinsPerSecond: 20,
  userJoinBurst: 120,
  channelBytesPerSecond: KIB * KIB,
  channelByteBurst: 2 * KIB * KIB,
  rooms: LIMITS.rooms,
  waitingSends: 32,
  userWaitingSends: 256,
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
  authenticatesPerSecond: 2,
  authenticateBurst: 40,
  handshakesPerAddress: 200,
  handshakes: 2_000,
  sheddingLagMs: 1_000,
  handshakeMs: 10_000,
  subprotocols: 8,
  heartbeatMs: 25_000,
  silenceMs: 35_000,
  leaveGraceMs: 5_000,
  presenceBatchMs: 100,
  presenceStateBytes: KIB,
  presenceStateIntervalMs: 50,
  presenceStateUsers: 500,
  historyMessages: 1_000,
  historyBytes: KIB * KIB,
  historyMs: 5 * 60_000,
  historyTotalBytes: 256 * KIB * KIB,
};

/**
 * The largest frame, in bytes: the server sends no larger one (delivery/frame-size.ts), and a runtime reads no larger one except a `hello`.
 * A message above `messageBytes`, which is lower, is answered with an error.
 */
export const MAX_PAYLOAD_BYTES = KIB * KIB;

/** The largest value of `rooms`, because a welcome lists every room and must fit a frame. */
export const MAX_ROOMS = 1_000;
/** How many tabs may share a connection. */
export const MAX_SHARING_TABS = 32;
