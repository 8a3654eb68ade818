// The contract between the server and a backplane, which stores and distributes the state that outlives a connection or that
// several nodes share. Channels, presence, admission and deduplication call it. Implementations: memory/memory-backplane.ts,
// createSharedBackplane of @halyard/testing, and backplane packages.

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
   * The session of the connection, and the begin of its authentication, in ms by the `now` of the clock of the node. A
   * {@link Revocation} is compared with both.
   *
   * @default no mark applies
   */
  readonly session?: string | undefined;
  readonly authenticatedAt?: number | undefined;
  /** Whether the request only asks, so that no connection is counted or replaced. @default false */
  readonly isProbe?: boolean | undefined;
}

/** Whether the connection may open, and the ids of the connections that it replaces, on any node. */
export type Admission =
  | { readonly admitted: true; readonly replaced: readonly string[] }
  | { readonly admitted: false; readonly reason: "limit" | "superseded" }
  | { readonly admitted: false; readonly reason: "revoked"; readonly code: number };

/**
 * An operation on a roster. `+`: a connection has opened, or is still open. `-`: the connection has closed, and its user leaves
 * `graceMs` after the last connection. Without `room` the operation is about being online. A `+` replaces all fields of the
 * connection: without `state` the connection has no state.
 */
export type PresenceOp =
  | (PresenceKey & SlotClaim & { readonly op: "+"; readonly profile: string; readonly state?: ShownState })
  | (PresenceKey & { readonly op: "-"; readonly graceMs: number });

/**
 * The slot of a connection in a `+` without `room`. A node that was fenced, or whose store was emptied, declares its connections
 * again with these fields, so that limits and attempts count as before.
 */
interface SlotClaim {
  readonly client?: string | undefined;
  readonly attempt?: number | undefined;
  /** The time at which the connection opened, in ms since 1970. The oldest connection is closed first. */
  readonly openedAt?: number | undefined;
  readonly limit?: number | undefined;
}

/** A connection that has lost its slot. `superseded`: a newer attempt of its client is open. `limit`: the connection was the oldest. */
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

/** A user in a roster: the public fields and the state, as JSON texts, and the time of the join, in ms since 1970. */
export interface RosterEntry {
  readonly user: string;
  readonly profile: string;
  readonly since: number;
  /** The latest state of the connections of the user; during the grace period that of the last connection. */
  readonly state?: string | undefined;
}

/**
 * A change of a roster. `joined` and `left` alternate per user, except for a `joined` without `isNew`, which changes the profile of a
 * present user, or with `isStateOnly` the state alone.
 */
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
 * The position of an event in its roster. The events of a stream arrive in order. If some are lost, `onInterrupted` is called before
 * the next one. `off` never decreases, also after a loss of the store. A small roster has one stream, number 0.
 */
interface PresencePosition {
  readonly stream: number;
  readonly off: number;
  /** The number of users in the roster after the event. */
  readonly total: number;
}

/** A page of a roster. With the limit 0 it has no entries, and the number of connections of all users. */
export interface RosterPage {
  readonly entries: readonly RosterEntry[];
  readonly total: number;
  readonly connections?: number | undefined;
  readonly cursor: string | undefined;
  /** The offset in each stream up to which the page includes the events. Read together with the page. */
  readonly at: readonly number[];
}

/** A mark that closes connections. A backplane stores it, so that nodes that were cut off read it when they return. */
export type Revocation = {
  /** The close code of the connections. */
  readonly code: number;
  readonly reason: string;
} & (
  | {
      readonly user: string;
      /** Connections that were authenticated before this time are closed, in ms by the `now` of the clock of the node. */
      readonly notBefore: number;
    }
  /** A backplane outside this process stores only a hash of the session. */
  | { readonly session: string }
);

/** Whether a backplane can be used. `degraded`: it is slow, or a part of it is not available. */
export interface BackplaneHealth {
  readonly state: "up" | "degraded" | "down";
  /** The begin of the state, in ms since 1970. */
  readonly since: number;
  readonly lastError?: string | undefined;
  /** The duration of the last probe, in ms. */
  readonly rttMs?: number | undefined;
}

/** The calls of a backplane to its node. */
export interface BackplaneHandlers {
  onPublication(publication: Publication): void;
  onEphemeral(channel: string, data: string): void;
  /**
   * Subscriptions were interrupted and are established again: messages of these channels may be missing; with `"all"` also presence
   * events, notices, messages and revocations.
   */
  onInterrupted(channels: readonly string[] | "all"): void;
  onPresence(events: readonly PresenceEvent[]): void;
  /** A notice that another node announced. */
  onNotice(data: string): void;
  /** A text that another node sent to this one. */
  onMessage(data: string): void;
  /** Another node has stored a mark. */
  onRevoked(mark: Revocation): void;
  /** The store has given up this node, or was emptied. The node must declare its connections again, and any event may be missing. */
  onFenced(): void;
}

/**
 * Carries channels, presence and deduplicated operations between nodes. A backplane stores, orders and distributes; the server makes
 * all decisions. Without `start` its calls work, and the process is no node. Every call settles within a deadline. A call that
 * rejects with `unavailable` may have had its effect, so every call may be repeated. The server repeats once the calls for which a
 * connecting client waits, except presence operations, which a backplane repeats itself, in their order.
 */
export interface Backplane extends BackplaneRooms {
  readonly kind: string;
  /**
   * The id of this process. The ids of its connections are `<nodeId>.<number>`. The id stays the same when the store gives up the
   * node and takes it back; the names of leases are internal to the backplane.
   */
  readonly nodeId: string;
  /** Whether the backplane carries the `state` of a `+`, which a contract with presence state requires. @default false */
  readonly carriesStates?: boolean | undefined;
  /**
   * Whether the server admits connections by the limits of its own node, or refuses them with 503, while `admit` rejects with
   * `unavailable`. @default "deny"
   */
  readonly onUnavailable?: "allow" | "deny" | undefined;
  /** Called by a system. A process without a system, such as a publisher, never starts its backplane, and may end without `stop`. */
  start(handlers: BackplaneHandlers): Promise<void>;
  stop(): Promise<void>;
  /** The state after the last call or probe. Sends nothing. */
  health(): BackplaneHealth;
  /**
   * Stores, orders and distributes a message: `onPublication` is called on every subscribed node, this one included. An
   * ephemeral message that certainly does not leave this node reaches the subscribers here, and that is no error.
   */
  publish(channel: string, data: string, options: PublishOptions): Promise<PublishResult>;
  /**
   * Resolves when every later publication will arrive. After an interruption the backplane renews the subscription. While any node is
   * subscribed, the backplane keeps the position of the channel, however long ago the last message was published.
   */
  subscribe(channel: string): Promise<void>;
  /** Ends a subscription, also one whose call has failed. */
  unsubscribe(channel: string): Promise<void>;
  read(channel: string, page: ReadPage): Promise<ReadResult>;
  /** The newest position of each of at most 512 channels, in their order. */
  tops(channels: readonly string[]): Promise<readonly ChannelTop[]>;
  /** The memory that the history takes in this process. @default none */
  historyUsage?(): HistoryUsage;

  /** Reserves a slot for a connection that is about to open. The reservation ends after 10 s unless a `+` follows. */
  admit(request: AdmissionRequest): Promise<Admission>;
  /**
   * Applies operations in their order; each may be applied twice without harm. Resolves when they have taken effect, also after an
   * outage, and rejects only if the backplane stops before.
   *
   * @returns the connections of all nodes that have lost their slot to a `+`, which the server closes
   */
  applyPresence(ops: readonly PresenceOp[]): Promise<readonly Eviction[]>;
  /** A page of the users who are online, or in a room. */
  roster(
    room: string | undefined,
    page: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<RosterPage>;

  /** Sends a notice to every other node, at most once. */
  announce(data: string): Promise<void>;
  /** Sends up to 1 MiB of text to one node, at most once. A node that has ended or is unknown gets nothing, without an error. */
  send(nodeId: string, data: string): Promise<void>;
  /** The ids of the nodes that have started and are not given up, with this one if it has started. */
  nodes(): Promise<readonly string[]>;

  /**
   * Stores a mark for `ttlMs`, and then calls `onRevoked` on every other node. A mark of a user with the code 4403 also forgets
   * the rooms that were given to the user's clients.
   */
  revoke(mark: Revocation, ttlMs: number): Promise<void>;
  /** The marks of these users and sessions; at most 512 of each. */
  revocations(users: readonly string[], sessions: readonly string[]): Promise<readonly Revocation[]>;

  /**
   * Begins an operation; `run` also marks it as running on this node. Called for every send and request: a backplane in memory
   * answers without a promise. An operation of a node that has ended is given to the next node that begins it, with `mayHaveRun`.
   */
  begin(work: Work): WorkState | Promise<WorkState>;
  /**
   * Completes an operation and stores its result for 5 min. With `undefined`, or a result that is too large to store, the operation
   * may run again: the next `begin` answers `mayHaveRun`, or, after `hasNoEffect`, the same as the last one. The call has no effect
   * if another claim has the operation now.
   */
  settle(work: Work, result: string | undefined): undefined | Promise<void>;
  /**
   * Begins, publishes and settles in one step a send whose whole effect is one stored message. The call has no effect if the send
   * is not new or may have run. `begin` then answers the state of the send, and also after a lost reply. A rejection with
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
   * @default the welcome does not say whether results are known
   */
  recall?(ref: ClientRef, connectionId: string): BegunWork | undefined | Promise<BegunWork | undefined>;
}
