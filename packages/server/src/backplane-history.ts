// The part of the contract of backplanes that is about messages: how they are stored, read and counted.
// Used through backplane.ts, which exports it.
import type { Position } from "@halyard/protocol";

/** A stored message. Offsets increase but are not contiguous: `prev` is the offset of the message before. */
export interface LogEntry {
  readonly offset: number;
  readonly prev: number;
  /** When it was stored, in ms since 1970: a node replays nothing that is older than the history may be. */
  readonly at: number;
  readonly data: string;
}

/** A stored message on its way to the subscribers of its channel. */
export interface Publication extends LogEntry {
  readonly channel: string;
  readonly epoch: string;
}

/** How much history is kept: of a channel, and in the memory of this process. */
export interface HistoryBounds {
  readonly messages: number;
  readonly bytes: number;
  readonly ms: number;
  /** What the history of all channels may take of this process' memory, in bytes. @default any */
  readonly totalBytes?: number | undefined;
  /** How much of it may be what one user wrote, in bytes. @default all of it */
  readonly authorBytes?: number | undefined;
}

/** The memory that the history takes in this process. */
export interface HistoryUsage {
  readonly bytes: number;
  /** How many messages were given up for {@link HistoryBounds.totalBytes} and `authorBytes`. */
  readonly evicted: number;
}

/** How a message is stored. */
export interface PublishOptions {
  /** The bounds of the history; `false` for an ephemeral message, which has no offset and is never replayed. */
  readonly history: HistoryBounds | false;
  /** The author of the message. A backplane that bounds the memory of one user counts the message for this user. @default the server */
  readonly author?: string | undefined;
  /**
   * A second publish with this key stores nothing while the first message is in the channel's history, and returns its
   * position.
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

/** The message that is the whole effect of a send. */
export interface PublishedWork {
  readonly channel: string;
  readonly data: string;
  readonly history: HistoryBounds;
  /** The result of the send: what stands before the offset of the message, and what after it. */
  readonly result: readonly [before: string, after: string];
}

/** Which part of the history of a channel is read. */
export interface ReadPage {
  readonly after: number;
  readonly limit: number;
  /** How many bytes of texts at most; the first entry is read even if it is larger. @default any number */
  readonly bytes?: number | undefined;
  /**
   * Reads all entries after `after` or none: none if they do not follow it without a hole, or are more than `limit` and
   * `bytes` allow. A backplane may ignore it, and return what it has. @default false
   */
  readonly whole?: boolean | undefined;
}

/** A page of the history of a channel. */
export interface ReadResult {
  readonly epoch: string;
  /** The offset of the newest message ever stored. */
  readonly top: number;
  readonly entries: readonly LogEntry[];
  /** Why a `whole` read returned no entries. */
  readonly refused?: "trimmed" | "too_many" | undefined;
}

/** Where a channel stands: its epoch, and the offset of the newest message ever stored. */
export interface ChannelTop {
  readonly epoch: string;
  readonly top: number;
}
