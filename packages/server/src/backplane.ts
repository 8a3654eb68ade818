// The contract between the server and what carries its state between nodes. Implemented by memory/memory-backplane.ts, by
// createSharedBackplane of @halyard/testing and by backplane packages; called by channels, presence, admission and
// deduplication. Whatever must outlive one connection, or be known to another node, is in it.

import type {
  ChannelTop,
  HistoryUsage,
  Publication,
  PublishedWork,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
} from "./backplane-history.ts";
import type {
  BackplaneRooms,
  BegunWork,
  ClientRef,
  ShownState,
  Work,
  WorkState,
} from "./backplane-clients.ts";

export type * from "./backplane-clients.ts";
export type * from "./backplane-history.ts";

/** A connection that is about to open. */
export interface AdmissionRequest extends ClientRef {
  readonly attempt: number;
  readonly connectionId: string;
  readonly limit: number;
  readonly policy: "reject" | "close-oldest";
  /**
   * The session that the connection was authenticated with, and when its authentication began, in ms by the `now` of the node's
   * clock: what a {@link Revocation} is compared with.
   *
   * @default neither: no mark applies
   */
  readonly session?: string | undefined;
  readonly authenticatedAt?: number | undefined;
  /** Only asks: nothing is counted or replaced. @default false */
  readonly isProbe?: boolean | undefined;
}

/** Whether the connection may open, and the ids of the connections that it replaces, on whatever node they are. */
export type Admission =
  | { readonly admitted: true; readonly replaced: readonly string[] }
  | { readonly admitted: false; readonly reason: "limit" | "superseded" }
  | { readonly admitted: false; readonly reason: "revoked"; readonly code: number };

/**
 * `+`: a connection has opened, or is still open. `-`: it has closed, and its user leaves `graceMs` after the last
 * connection. `room` is undefined for being online. A `+` says everything: without `state` the connection has none.
 */
export type PresenceOp =
  | (PresenceKey & SlotClaim & { readonly op: "+"; readonly profile: string; readonly state?: ShownState })
  | (PresenceKey & { readonly op: "-"; readonly graceMs: number });

/**
 * What a `+` of being online says of the connection's slot. A node that was fenced, or whose store was emptied, declares
 * its connections again; they count then as they did before, and the newest attempt of a client wins as it did before.
 */
interface SlotClaim {
  readonly client?: string | undefined;
  readonly attempt?: number | undefined;
  /** When the connection opened, in ms since 1970: the oldest is closed first. */
  readonly openedAt?: number | undefined;
  readonly limit?: number | undefined;
}

/** A connection that has lost its slot. `superseded`: a newer attempt of its client is open. `limit`: it was the oldest. */
export interface Eviction {
  readonly user: string;
  readonly connectionId: string;
  readonly reason: "superseded" | "limit";
}

interface PresenceKey {
  readonly room: string | undefined;
  readonly user: string;
  readonly connectionId: string;
}

/** A user in a roster: the public fields and what the user shows, as JSON texts, and since when, in ms since 1970. */
export interface RosterEntry {
  readonly user: string;
  readonly profile: string;
  readonly since: number;
  /** While the grace period runs, that of the last connection. */
  readonly state?: string | undefined;
}

/** `joined` and `left` alternate per user; not `isNew` is a change of a present user: of the profile, or of the `state` alone. */
export type PresenceEvent =
  | (PresencePosition & {
      readonly kind: "joined";
      readonly room: string | undefined;
      readonly entry: RosterEntry;
      readonly isNew: boolean;
      readonly isStateOnly?: boolean | undefined;
    })
  | (PresencePosition & { readonly kind: "left"; readonly room: string | undefined; readonly user: string });

/**
 * Where an event stands in its roster. The events of a stream come in order and without a hole, or `onInterrupted` is
 * called before those after the hole; `off` never decreases, not even when the store was lost. A small roster has one stream, number 0.
 */
interface PresencePosition {
  readonly stream: number;
  readonly off: number;
  /** How many users the roster had after the event. */
  readonly total: number;
}

/** A page of a roster. With the limit 0 it has the numbers only, among them how many connections the users have. */
export interface RosterPage {
  readonly entries: readonly RosterEntry[];
  readonly total: number;
  readonly connections?: number | undefined;
  readonly cursor: string | undefined;
  /** The offset in each stream up to which the page holds the events, read together with the page. */
  readonly at: readonly number[];
}

/** A mark that outlives the connections it closes: nodes that are cut off read it when they return. */
export type Revocation = {
  /** The close code of the connections. */
  readonly code: number;
  readonly reason: string;
} & (
  | {
      /** Closes the user's connections that were authenticated before this time, in ms by the `now` of the node's clock. */
      readonly user: string;
      readonly notBefore: number;
    }
  /** A backplane outside this process stores a hash of the session only. */
  | { readonly session: string }
);

/** Whether a backplane can be used. `degraded`: it is slow, or some of it is away. */
export interface BackplaneHealth {
  readonly state: "up" | "degraded" | "down";
  /** In ms since 1970. */
  readonly since: number;
  readonly lastError?: string | undefined;
  /** How long the last probe took, in ms. */
  readonly rttMs?: number | undefined;
}

/** What a backplane calls on its node. */
export interface BackplaneHandlers {
  onPublication(publication: Publication): void;
  onEphemeral(channel: string, data: string): void;
  /**
   * The subscription was interrupted and is established again: messages of these channels may be missing. `"all"`: also
   * presence events, notices, messages and revocations.
   */
  onInterrupted(channels: readonly string[] | "all"): void;
  onPresence(events: readonly PresenceEvent[]): void;
  /** A notice that another node announced. */
  onNotice(data: string): void;
  /** What another node sent to this one. */
  onMessage(data: string): void;
  /** Another node has stored a mark. */
  onRevoked(mark: Revocation): void;
  /** The store has given up this node or was emptied: connections are to be declared again, and anything may be missing. */
  onFenced(): void;
}

/**
 * Carries channels, presence and deduplicated operations between nodes. A backplane stores, orders and distributes; all
 * decisions are made above it. Without `start` its calls work, and the process is no node. Every call settles within a deadline,
 * and rejects with `unavailable`: the call may have had its effect then, so every call may be repeated. What a client waits for
 * while it connects the server repeats once, but not presence operations: a backplane repeats those itself, in their order.
 */
export interface Backplane extends BackplaneRooms {
  readonly kind: string;
  /**
   * Names this process, and the connections that it opens: their ids are `<nodeId>.<number>`. It stays when the store has
   * given up the node and takes it back: what such a lease is called is the backplane's own matter.
   */
  readonly nodeId: string;
  /** Whether it carries the `state` of a `+`. A system whose contract has presence state needs one. @default false */
  readonly carriesStates?: boolean | undefined;
  /**
   * While `admit` rejects with `unavailable`, the server admits connections by the limits of its own node, or refuses them
   * with 503. @default "deny"
   */
  readonly onUnavailable?: "allow" | "deny" | undefined;
  /** Called by a system. A process without one, which only calls, never starts its backplane, and may end with it open. */
  start(handlers: BackplaneHandlers): Promise<void>;
  stop(): Promise<void>;
  /** At once, from the last call or probe. */
  health(): BackplaneHealth;
  /**
   * Stores, orders and distributes a message: `onPublication` is called on every subscribed node, this one included. An
   * ephemeral message that certainly does not leave this node reaches the subscribers here, and that is no error.
   */
  publish(channel: string, data: string, options: PublishOptions): Promise<PublishResult>;
  /** Resolves when every later publication will arrive. After an interruption the backplane subscribes again by itself. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  read(channel: string, page: ReadPage): Promise<ReadResult>;
  /** Where each of these channels stands, in their order; at most 512. */
  tops(channels: readonly string[]): Promise<readonly ChannelTop[]>;
  /** What the history takes of this process' memory; without it, nothing. */
  historyUsage?(): HistoryUsage;

  /** Counts a connection against its user's limit before it opens; expires unless a `+` follows within 10 s. */
  admit(request: AdmissionRequest): Promise<Admission>;
  /**
   * Idempotent, and applied in order. Resolves when the operations have taken effect, also when that is after an outage, and
   * rejects only when the backplane stops before.
   *
   * @returns the connections, of whatever node, that have lost their slot to a `+`, to be closed
   */
  applyPresence(ops: readonly PresenceOp[]): Promise<readonly Eviction[]>;
  /** A page of the users who are online, or in a room. */
  roster(
    room: string | undefined,
    page: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<RosterPage>;

  /** Sends a notice to every other node, at most once. */
  announce(data: string): Promise<void>;
  /** Sends to one node, at most once, up to 1 MiB of text. A node that is dead or unknown gets nothing, and that is no error. */
  send(nodeId: string, data: string): Promise<void>;
  /** The ids of the nodes that have started and are not given up, this one included if it has started. */
  nodes(): Promise<readonly string[]>;

  /**
   * Stores a mark for `ttlMs`, and then calls `onRevoked` on every other node. A mark of a user with the code 4403 also forgets
   * the rooms that were given to the user's clients.
   */
  revoke(mark: Revocation, ttlMs: number): Promise<void>;
  /** The marks of these users and sessions; at most 512 of each. */
  revocations(users: readonly string[], sessions: readonly string[]): Promise<readonly Revocation[]>;

  /**
   * Begins an operation; `run` also marks it as running on this node. Called for every send and request: what is in memory is
   * answered without a promise. What ran on a node that has died is given to the next one that asks, with `mayHaveRun`.
   */
  begin(work: Work): WorkState | Promise<WorkState>;
  /**
   * Completes an operation and stores its result for 5 min. With `undefined`, or a result too large to store, it may run
   * again: the next `begin` says `mayHaveRun`, or, after `hasNoEffect`, what the last one said. It has no effect
   * where the operation is another claim's by now.
   */
  settle(work: Work, result: string | undefined): undefined | Promise<void>;
  /**
   * Begins, publishes and settles in one step a send whose whole effect is one stored message. The call has no effect if the send
   * is not new or may have run; `begin` then tells the state of the send, and also after a lost reply. A rejection with
   * `hasNoEffect: true` says that the call certainly had no effect.
   *
   * @returns the result of a send that was new
   * @default the three calls
   */
  publishOnce?(work: Work, publication: PublishedWork): Promise<string | undefined>;
  /**
   * The operations that a client has begun; undefined if some of its results are not known. The results are known while the client
   * has an open connection, and for 5 min after the last use or close, but not if the client never connected. Called for each hello
   * of a client except the first.
   *
   * After undefined, the results are known again once this connection begins an operation, whatever its number: by then the client
   * has read in its welcome that results were lost. An operation that an older connection begins does not count.
   *
   * @default the welcome does not say whether they are
   */
  recall?(ref: ClientRef, connectionId: string): BegunWork | undefined | Promise<BegunWork | undefined>;
}
