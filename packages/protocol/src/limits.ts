/**
 * The limits that client and server know without exchanging them. Sizes are in bytes of UTF-8, written out, because bundlers do not drop
 * an unused table that computes.
 */
export const LIMITS = {
  /** Bytes of one message to the server; the client checks before it sends. */
  messageBytes: 65_536,
  /** Levels of nested arrays and objects in a frame. */
  jsonDepth: 32,
  /** Sends of one client without a reply. */
  unacknowledged: 32,
  /** Users in one `user_list`. */
  listedUsers: 200,
  /** Users in one `user_list` with their presence states. */
  listedStates: 50,
  /** Users in a channel; with more, presence changes carry only the total. */
  announcedUsers: 500,
  /** Messages that one resume replays, over all channels. */
  replayedMessages: 1_000,
  /** Bytes that one resume replays, over all channels. */
  replayedBytes: 524_288,
  /** Characters of the channel in the reserved field of a frame, in UTF-16 units. */
  channelLength: 1_024,
  /** Rooms of one connection. */
  rooms: 100,
  /** Bytes of one `error` frame. */
  errorBytes: 1024,
  /** Issues of a schema in one `error` frame. */
  errorIssues: 5,
  /** Milliseconds after the upgrade in which a `halyard.v1` client must send `hello`. */
  helloMs: 10_000,
} as const;

/**
 * Matches valid room names in their composed form (NFC): 1 to 128 characters, each at most 4 bytes in UTF-8, and at most 30
 * combining marks in a row. Names are compared, never used as patterns. `all` is excluded, because `authorize` is called with
 * this name for the channel of all users.
 */
export const ROOM_NAME =
  /^(?!all$|[^]*\p{M}{31})[^\p{Cc}\p{Cs}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]{1,128}$/u;

/** The rule of {@link ROOM_NAME} in words, for errors. */
export const ROOM_NAME_RULE = 'a room name has 1 to 128 visible characters and is not "all"';

/** A longer text cannot be a room name in any form. */
export const MAX_ROOM_NAME_LENGTH = 1_000;

/**
 * Matches more combining marks in a row than any language uses; 30 is also the bound of Unicode's Stream-Safe Text Format. Composing
 * them takes time quadratic in their number: 65 names of 980 marks took 55 ms on Node and 235 ms on Bun.
 */
export const TOO_MANY_MARKS = /\p{M}{31}/u;

/** The composed form (NFC) of a room's name, under which both ends know the room; undefined for any other value. */
export function normalizeRoomName(name: unknown): string | undefined {
  if (typeof name !== "string" || name.length > MAX_ROOM_NAME_LENGTH || TOO_MANY_MARKS.test(name))
    return undefined;
  const composed = name.normalize();
  return ROOM_NAME.test(composed) ? composed : undefined;
}

/** The valid client ids: 128 random bits, made once per page load. */
export const CLIENT_ID = /^[\w-]{16,64}$/;
