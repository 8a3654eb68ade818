// The types of the backplane contract about messages: how a backplane stores, reads and counts them. backplane.ts exports them.
import type { Position } from "@halyard/protocol";

/** A stored message. Offsets increase and are not contiguous: `prev` is the offset of the message before. */
export interface LogEntry {
  readonly offset: number;
  readonly prev: number;
  /** The time at which it was stored, in ms since 1970. A node replays no message that is older than {@link HistoryBounds.ms}. */
  readonly at: number;
  readonly data: string;
}

/** A stored message on its way to the subscribers of its channel. */
export interface Publication extends LogEntry {
  readonly channel: string;
  readonly epoch: string;
}

/** The bounds of the history of a channel, and of the history in the memory of this process. */
export interface HistoryBounds {
  readonly messages: number;
  readonly bytes: number;
  readonly ms: number;
  /** The most memory that the history of all channels takes in this process, in bytes. @default no bound */
  readonly totalBytes?: number | undefined;
  /** The most memory of the messages of one author, in bytes. @default `totalBytes` */
  readonly authorBytes?: number | undefined;
}

/** The memory that the history takes in this process. */
export interface HistoryUsage {
  readonly bytes: number;
  /** The number of messages that were removed because of {@link HistoryBounds.totalBytes} and `authorBytes`. */
  readonly evicted: number;
}

/** How the idempotency keys of the application begin. Those of clients' messages begin with the id of the message. */
export const APPLICATION_KEY = "\0";

/** The options of a publish. */
export interface PublishOptions {
  /** The bounds of the history; `false` for an ephemeral message, which has no offset and is never replayed. */
  readonly history: HistoryBounds | false;
  /** The author of the message. A backplane that bounds the memory of one user counts the message for this user. @default the server */
  readonly author?: string | undefined;
  /**
   * A second publish with this key stores nothing while the first message is in the channel's history, and returns its
   * position. A key that begins with {@link APPLICATION_KEY} is remembered for 5 min, whatever becomes of the message.
   *
   * @default none: every publish stores a message
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * The same object in each attempt at one publish. If the store may have lost a message that an earlier attempt has stored, and that
   * subscribers may have received, the backplane rejects with `unavailable`.
   *
   * @default the call is the only attempt
   */
  readonly attempts?: PublishAttempts | undefined;
}

/** The notes of a backplane on the attempts at one publish. */
export interface PublishAttempts {
  /** The backplane's name for the store to which an attempt was sent. */
  store?: string | undefined;
}

/** The result of a publish. */
export interface PublishResult {
  readonly position: Position | undefined;
  readonly duplicate: boolean;
}

/** The message that is the only effect of a send. */
export interface PublishedWork {
  readonly channel: string;
  readonly data: string;
  readonly history: HistoryBounds;
  /** The result of the send: the texts before and after the offset of the message. */
  readonly result: readonly [before: string, after: string];
}

/** The part of the history of a channel to read. */
export interface ReadPage {
  readonly after: number;
  readonly limit: number;
  /** The most bytes of texts. The first entry is read even if it is larger. @default no bound */
  readonly bytes?: number | undefined;
  /**
   * Whether to read all entries after `after`, or none if some of them are missing or they exceed `limit` or `bytes`. A backplane may
   * ignore the option and return the entries that it has. @default false
   */
  readonly whole?: boolean | undefined;
}

/** A page of the history of a channel. */
export interface ReadResult {
  readonly epoch: string;
  /** The offset of the newest message ever stored. */
  readonly top: number;
  readonly entries: readonly LogEntry[];
  /** The reason why a `whole` read returned no entries. */
  readonly refused?: "trimmed" | "too_many" | undefined;
}

/** The newest position of a channel: its epoch, and the offset of the newest message ever stored. */
export interface ChannelTop {
  readonly epoch: string;
  readonly top: number;
}
