/** The numbers that both ends of the wire know before they have spoken. Sizes are in bytes of UTF-8. */
export const LIMITS = {
  /** An inbound message at the server; the client checks before it sends. */
  messageBytes: 64 * 1024,
  /** Nesting of arrays and objects in a frame. */
  jsonDepth: 32,
  /** Sends of one client that wait for their reply. */
  unacknowledged: 32,
  /** Users in one `user_list`. */
  listedUsers: 200,
  /** Users in a channel above which changes are announced as totals only. */
  announcedUsers: 500,
  /** Messages that one resume replays, over all its channels. */
  replayedMessages: 1_000,
  /** Bytes that one resume replays, over all its channels. */
  replayedBytes: 512 * 1024,
  /** Rooms that one connection may be in. */
  rooms: 100,
  /** An `error` frame. */
  errorBytes: 1024,
  /** Issues of a schema error that go out. */
  errorIssues: 5,
  /** Milliseconds in which a `halyard.v1` client must say `hello`. */
  helloMs: 10_000,
} as const;

/** What a room may be called. Room names are compared, never used as a pattern. */
export const ROOM_NAME = /^[\w:.-]{1,128}$/;

/** What a client id looks like: 128 random bits, made once per page load. */
export const CLIENT_ID = /^[\w-]{16,64}$/;
