import type { WelcomeMessage } from "@halyard/protocol";

/** What a client may send, as the server says in its welcome. */
export type SendLimits = WelcomeMessage["limits"];

/** Valid until the first welcome, and for each limit that a welcome leaves out. */
export const DEFAULT_SEND_LIMITS: SendLimits = {
  messageBytes: 64 * 1024,
  unacknowledged: 32,
  messagesPerSecond: 50,
  bytesPerSecond: 256 * 1024,
};
