/** The limits that client and server share without an exchange. Sizes are in bytes of UTF-8. */
export const LIMITS = {
  /** Bytes of one message to the server; the client checks before it sends. */
  messageBytes: 64 * 1024,
  /** Levels of nested arrays and objects in a frame. */
  jsonDepth: 32,
  /** Sends of one client without a reply. */
  unacknowledged: 32,
  /** Users in one `user_list`. */
  listedUsers: 200,
  /** Users in a channel; with more, presence changes carry only the total. */
  announcedUsers: 500,
  /** Messages that one resume replays, over all channels. */
  replayedMessages: 1_000,
  /** Bytes that one resume replays, over all channels. */
  replayedBytes: 512 * 1024,
  /** Rooms of one connection. */
  rooms: 100,
  /** Bytes of one `error` frame. */
  errorBytes: 1024,
  /** Issues of a schema in one `error` frame. */
  errorIssues: 5,
  /** Milliseconds after the upgrade in which a `halyard.v1` client must send `hello`. */
  helloMs: 10_000,
} as const;

/** The valid room names. A name is compared, never used as a pattern. */
export const ROOM_NAME = /^[\w:.-]{1,128}$/;

/** The valid client ids: 128 random bits, made once per page load. */
export const CLIENT_ID = /^[\w-]{16,64}$/;
