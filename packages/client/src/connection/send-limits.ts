/** Valid until the first welcome, and for each limit that a welcome leaves out. */
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
  /** 16 that the server runs at a time, and 64 that it queues. */
  requests: 80,
};

/** What a client may send, as the server says in its welcome. */
export type SendLimits = Readonly<typeof DEFAULT_SEND_LIMITS>;
