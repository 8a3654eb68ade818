/** The limits before the first welcome, and defaults for limits that a welcome leaves out. */
export const DEFAULT_SEND_LIMITS = {
  messageBytes: 64 * 1024,
  unacknowledged: 32,
  messagesPerSecond: 50,
  messageBurst: Infinity,
  bytesPerSecond: 256 * 1024,
  byteBurst: Infinity,
  /** The rooms of a hello do not count. */
  joinsPerSecond: 10,
  joinBurst: 30,
  rooms: 100,
  /** The server runs 16 at a time, and queues 64. */
  requests: 80,
};

/** The limits of what a client may send, from the server's welcome. */
export type SendLimits = Readonly<typeof DEFAULT_SEND_LIMITS>;
