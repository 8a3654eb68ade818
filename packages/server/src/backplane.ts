// The contract between the server and what carries its state between nodes. Implemented by memory/memory-backplane.ts and
// by backplane packages; called by channels, presence, admission and deduplication.
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
  /** The user who wrote the message: for whom it counts where a backplane shares memory among users. @default the server */
  readonly author?: string | undefined;
  /**
   * A second publish with this key stores nothing while the first message is in the channel's history, and returns its
   * position.
   *
   * @default none: every publish stores a message
   */
  readonly idempotencyKey?: string | undefined;
}

/** The result of a publish. */
export interface PublishResult {
  readonly position: Position | undefined;
  readonly duplicate: boolean;
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

/** A client: one page load of a user, across its reconnects. Each plain connection is a client of its own. */
export interface ClientRef {
  readonly user: string;
  readonly client: string;
}

/** A connection that is about to open. */
export interface AdmissionRequest extends ClientRef {
  readonly attempt: number;
  readonly connectionId: string;
  readonly limit: number;
  readonly policy: "reject" | "close-oldest";
}

/** Whether the connection may open, and the ids of the connections that it replaces. */
export type Admission =
  | { readonly admitted: true; readonly replaced: readonly string[] }
  | { readonly admitted: false; readonly reason: "limit" | "superseded" };

/**
 * `+`: a connection has opened, or is still open. `-`: it has closed, and its user leaves `graceMs` after the last
 * connection. `room` is undefined for being online.
 */
export type PresenceOp =
  | (PresenceKey & { readonly op: "+"; readonly profile: string })
  | (PresenceKey & { readonly op: "-"; readonly graceMs: number });

interface PresenceKey {
  readonly room: string | undefined;
  readonly user: string;
  readonly connectionId: string;
}

/** A user in a roster: the public fields as JSON text, and since when, in ms since 1970. */
export interface RosterEntry {
  readonly user: string;
  readonly profile: string;
  readonly since: number;
}

/** `joined` and `left` alternate per user; `isNew` is false where only the profile of a present user changed. */
export type PresenceEvent =
  | {
      readonly kind: "joined";
      readonly room: string | undefined;
      readonly entry: RosterEntry;
      readonly isNew: boolean;
    }
  | { readonly kind: "left"; readonly room: string | undefined; readonly user: string };

/** A page of a roster. */
export interface RosterPage {
  readonly entries: readonly RosterEntry[];
  readonly total: number;
  readonly cursor: string | undefined;
}

/**
 * The state of a deduplicated operation. `run`: it is to run now. `running`: it runs already. `done`: it has run, with this
 * result. `conflict`: its key belongs to another operation, or is out of order.
 */
export type WorkState =
  | { readonly state: "run" }
  | { readonly state: "running" }
  | { readonly state: "done"; readonly result: string }
  | { readonly state: "conflict" };

/** An operation of a client that must run once: a numbered send or a request. */
export interface Work {
  readonly ref: ClientRef;
  /** The `seq` of a send, which counts up by one per client, or the `id` of a request. */
  readonly key: number | string;
  /** A hash of the message, to detect another message under the same key. A safe integer. */
  readonly digest: number;
  /** When the message came in, in ms since 1970, where that is known. @default the time of the call */
  readonly at?: number | undefined;
}

/** What a backplane calls on its node. */
export interface BackplaneHandlers {
  onPublication(publication: Publication): void;
  onEphemeral(channel: string, data: string): void;
  /** The subscription was interrupted: messages of these channels may be missing. */
  onInterrupted(channels: readonly string[]): void;
  onPresence(events: readonly PresenceEvent[]): void;
  /** A notice that another node announced. */
  onNotice(data: string): void;
}

/**
 * Carries channels, presence and deduplicated operations between nodes. A backplane stores, orders and distributes; all
 * decisions are made above it. Every call settles within a deadline of the backplane, and rejects with `unavailable`.
 */
export interface Backplane {
  readonly kind: string;
  readonly nodeId: string;
  start(handlers: BackplaneHandlers): Promise<void>;
  stop(): Promise<void>;

  /** Stores, orders and distributes a message: `onPublication` is called on every subscribed node, this one included. */
  publish(channel: string, data: string, options: PublishOptions): Promise<PublishResult>;
  /** Resolves when every later publication will arrive. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  read(channel: string, page: ReadPage): Promise<ReadResult>;
  /** What the history takes of this process' memory; without it, nothing. */
  historyUsage?(): HistoryUsage;

  /** Counts a connection against its user's limit before it opens; expires unless a `+` follows within 10 s. */
  admit(request: AdmissionRequest): Promise<Admission>;
  /**
   * Idempotent, and applied in order.
   *
   * @returns the ids of connections above their user's limit after a `+`, to be closed
   */
  applyPresence(ops: readonly PresenceOp[]): Promise<readonly string[]>;
  /** A page of the users who are online, or in a room. */
  roster(
    room: string | undefined,
    page: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<RosterPage>;

  /** Sends a notice to every other node, at most once. */
  announce(data: string): Promise<void>;

  /**
   * Begins an operation; `run` also marks it as running on this node. Called for every send and every request: a backplane
   * that has the answer in memory returns it without a promise.
   */
  begin(work: Work): WorkState | Promise<WorkState>;
  /** Completes an operation and stores its result for 5 min; `undefined` removes it, so that it may run again. */
  settle(work: Work, result: string | undefined): undefined | Promise<void>;
}
