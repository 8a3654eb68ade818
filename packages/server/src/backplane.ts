import type { Position } from "@halyard/protocol";

/** A stored message. Offsets only increase, and are not contiguous: `prev` names the message before it. */
export interface LogEntry {
  readonly offset: number;
  readonly prev: number;
  readonly data: string;
}

export interface Publication extends LogEntry {
  readonly channel: string;
  readonly epoch: string;
}

export interface PublishOptions {
  /** `false` for an ephemeral message: no offset, never recovered. */
  readonly history: { readonly messages: number; readonly bytes: number; readonly ms: number } | false;
  /** A second publish with this key stores nothing while the first is in the channel's history, and gives its position. */
  readonly idempotencyKey?: string | undefined;
}

export interface PublishResult {
  readonly position: Position | undefined;
  readonly duplicate: boolean;
}

export interface ReadResult {
  readonly epoch: string;
  /** The offset of the newest message ever stored. */
  readonly top: number;
  readonly entries: readonly LogEntry[];
}

/** One page load of a user across its reconnects; a plain connection is a client of its own. */
export interface ClientRef {
  readonly user: string;
  readonly client: string;
}

export interface AdmissionRequest extends ClientRef {
  readonly attempt: number;
  readonly connectionId: string;
  readonly limit: number;
  readonly policy: "reject" | "close-oldest";
}

export type Admission =
  | { readonly admitted: true; readonly replaced: readonly string[] }
  | { readonly admitted: false; readonly reason: "limit" | "superseded" };

/**
 * `+`: a connection is there (again). `-`: it is gone, and its user leaves `graceMs` after the last one. `room` is
 * undefined for being online at all.
 */
export type PresenceOp =
  | (PresenceKey & { readonly op: "+"; readonly profile: string })
  | (PresenceKey & { readonly op: "-"; readonly graceMs: number });

interface PresenceKey {
  readonly room: string | undefined;
  readonly user: string;
  readonly connectionId: string;
}

/** A user as others see them: the public fields as JSON text, and since when, in ms. */
export interface RosterEntry {
  readonly user: string;
  readonly profile: string;
  readonly since: number;
}

/** Announced transitions alternate per user; `isNew` is false where only the profile of someone present changed. */
export type PresenceEvent =
  | {
      readonly kind: "joined";
      readonly room: string | undefined;
      readonly entry: RosterEntry;
      readonly isNew: boolean;
    }
  | { readonly kind: "left"; readonly room: string | undefined; readonly user: string };

export interface RosterPage {
  readonly entries: readonly RosterEntry[];
  readonly total: number;
  readonly cursor: string | undefined;
}

/** What is known of a piece of once-only work. */
export type WorkState =
  | { readonly state: "run" }
  | { readonly state: "running" }
  | { readonly state: "done"; readonly result: string }
  | { readonly state: "conflict" };

/** A `seq` counts up by one per client; an `id` names a request. */
export interface Work {
  readonly ref: ClientRef;
  readonly key: number | string;
  /** Tells one message from another under the same key. A safe integer. */
  readonly digest: number;
  /** When it came, where somebody has looked at the clock already. */
  readonly at?: number | undefined;
}

export interface BackplaneHandlers {
  onPublication(publication: Publication): void;
  onEphemeral(channel: string, data: string): void;
  /** The subscription was broken: messages of these channels may have been missed. */
  onInterrupted(channels: readonly string[]): void;
  onPresence(events: readonly PresenceEvent[]): void;
  /** What another node announced. */
  onNotice(data: string): void;
}

/**
 * What carries channels, presence and once-only work between nodes. All algorithms live above it; a backplane only
 * stores, orders and passes on. Every call settles within its own deadline, and rejects with `unavailable`.
 */
export interface Backplane {
  readonly kind: string;
  readonly nodeId: string;
  start(handlers: BackplaneHandlers): Promise<void>;
  stop(): Promise<void>;

  /** Stores, orders and fans out: this node hears its own publication through `onPublication` like every other. */
  publish(channel: string, data: string, options: PublishOptions): Promise<PublishResult>;
  /** Resolves once everything published from now on will arrive. */
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  read(channel: string, page: { readonly after: number; readonly limit: number }): Promise<ReadResult>;

  /** Counts a connection against its user's limit before it opens; lapses unless a `+` follows within 10 s. */
  admit(request: AdmissionRequest): Promise<Admission>;
  /**
   * Idempotent, and applied in order.
   *
   * @returns the connections that an opening one has pushed over their user's limit, to be closed
   */
  applyPresence(ops: readonly PresenceOp[]): Promise<readonly string[]>;
  /** Everyone online, or in a room. */
  roster(
    room: string | undefined,
    page: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<RosterPage>;

  /** Tells every other node something, at most once. */
  announce(data: string): Promise<void>;

  /**
   * Asks whether to run a piece of work; `run` also notes that it runs here. Every send and every request asks, so a
   * backplane that knows the answer gives it at once, without a promise.
   */
  begin(work: Work): WorkState | Promise<WorkState>;
  /** Stores its result for 5 min; `undefined` forgets the work, so that it may run again. */
  settle(work: Work, result: string | undefined): undefined | Promise<void>;
}
