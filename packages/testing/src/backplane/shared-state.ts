// The state that the nodes of a shared backplane have in common, as plain data, and the store, which applies operations to it.
// The operations are in the files beside this one; a node sends them over its link.
// Guarantee: operations run one after the other, and `rewind` restores the state of an earlier time.
import type {
  ClientRef,
  Eviction,
  PresenceEvent,
  Publication,
  Revocation,
  RosterEntry,
  ShownState,
} from "@halyard/server";

/** A message in the history of a channel. */
export interface StoredMessage {
  readonly offset: number;
  readonly prev: number;
  readonly data: string;
  readonly at: number;
}

/** A channel: its newest offset, its history, and the offsets of publications by key. */
export interface StoredChannel {
  top: number;
  messages: StoredMessage[];
  historyMs: number;
  readonly keys: Map<string, { readonly offset: number; readonly at: number }>;
}

/** The slot of a client, which has an open connection, or a reservation for one that is about to open. */
export interface StoredSlot {
  readonly client: string;
  open: { connectionId: string; lease: string; attempt: number; openedAt: number } | undefined;
  reserved: { connectionId: string; attempt: number; at: number; limit: number } | undefined;
}

/** A connection in a roster: the lease of its node, and its state. */
interface StoredConnection {
  readonly lease: string;
  readonly state: ShownState | undefined;
}

/** A user in a roster, and the connections of the user in it. */
export interface StoredMember {
  entry: RosterEntry;
  readonly joinOrder: number;
  readonly connections: Map<string, StoredConnection>;
  /** The end of the grace period; undefined while the user has a connection. */
  leavesAt: number | undefined;
}

/** The users who are online, or in one room. */
export interface StoredRoster {
  readonly room: string | undefined;
  readonly members: Map<string, StoredMember>;
  offset: number;
}

/** An operation that a client has begun. */
export interface StoredWork {
  readonly digest: number;
  /** Undefined while the handler runs, and after an end without a stored result. */
  result: string | undefined;
  /** The node that has begun it; undefined after an end without a stored result. */
  node: string | undefined;
  /** The number of the `begin` on that node. */
  claim: number | undefined;
  /** Whether the result of an earlier run is unknown. */
  mayHaveRun: boolean;
}

/** The time that the record of a client without a connection is stored. */
export const RECORD_MS = 300_000;

/** The record of a client: its operations, and the rooms that the server gave to it. */
export interface StoredClient {
  readonly user: string;
  readonly client: string;
  lastSeq: number;
  /** Whether the record has all operations that the client has begun. False after the store was emptied or set back. */
  isWhole: boolean;
  /** The connection whose welcome says that the record is not whole. The record is whole once this connection begins an operation. */
  toldTo: string | undefined;
  /** The incarnation of the store at the last use of the record. Under another one, operations of the record may be missing. */
  incarnation: number;
  readonly sends: Map<number, StoredWork>;
  readonly requests: Map<string, StoredWork>;
  readonly rooms: Set<string>;
  usedAt: number;
}

/** A lease of a node, and the last batch of presence operations under it. */
interface StoredLease {
  readonly node: string;
  endsAt: number;
  batch: { readonly number: number; readonly evictions: readonly Eviction[] } | undefined;
}

/** All data of the store. */
export interface SharedState {
  readonly epoch: string;
  /** Changes when the store is emptied or set back. Nodes then declare their connections again. */
  incarnation: number;
  readonly channels: Map<string, StoredChannel>;
  readonly slots: Map<string, StoredSlot[]>;
  readonly rosters: Map<string, StoredRoster>;
  readonly clients: Map<string, StoredClient>;
  readonly marks: Map<string, { readonly mark: Revocation; readonly endsAt: number }>;
  /** The nodes that count as alive, by lease. */
  readonly leases: Map<string, StoredLease>;
  /** The time of the newest beat of any node. */
  lastBeatAt: number;
}

/** The key of a client. A client id contains no NUL, so that the key is unique for every user id. */
export function clientKey({ user, client }: ClientRef): string {
  return `${client}\0${user}`;
}

export function hasSlot(state: SharedState, user: string, client: string): boolean {
  return (state.slots.get(user) ?? []).some((slot) => slot.client === client);
}

/** An event that an operation sends to the nodes. */
export type SharedEvent =
  | { readonly kind: "ephemeral"; readonly channel: string; readonly data: string }
  | { readonly kind: "publication"; readonly publication: Publication }
  | { readonly kind: "presence"; readonly event: PresenceEvent }
  | { readonly kind: "revoked"; readonly mark: Revocation; readonly by: string };

/** The access of an operation to the state. */
export interface Transaction {
  readonly state: SharedState;
  readonly now: number;
  /** A number greater than all earlier ones, also than those before a `rewind`. */
  nextOffset(): number;
  emit(event: SharedEvent): void;
}

/** A change of the state. It depends only on the transaction, so that the journal can repeat it. */
export type Operation<TResult> = (transaction: Transaction) => TResult;

interface JournalEntry {
  readonly at: number;
  readonly incarnation: number;
  readonly operation: Operation<unknown>;
  readonly offsets: number[];
}

/** The time that the journal covers, to which `rewind` is limited. */
const JOURNAL_MS = 60_000;

/** The state of all nodes, with a journal of its changes. */
export class SharedStore {
  readonly #now: () => number;
  readonly #onEvent: (event: SharedEvent) => void;
  readonly #journal: JournalEntry[] = [];
  #state: SharedState;
  /** The state before the first entry of the journal. */
  #base: SharedState;
  #offset = 0;
  #incarnation = 1;

  constructor(now: () => number, onEvent: (event: SharedEvent) => void) {
    this.#now = now;
    this.#onEvent = onEvent;
    this.#state = this.#emptyState();
    this.#base = structuredClone(this.#state);
  }

  apply<TResult>(operation: Operation<TResult>): TResult {
    const now = this.#now();
    const entry: JournalEntry = { at: now, incarnation: this.#incarnation, operation, offsets: [] };
    const result = operation({
      state: this.#state,
      now,
      nextOffset: () => {
        entry.offsets.push(++this.#offset);
        return this.#offset;
      },
      emit: this.#onEvent,
    });
    // An operation that throws has changed nothing, and would throw again in a `rewind`.
    this.#journal.push(entry);
    if (this.#journal.length % 1_000 === 0) this.#shorten(now - JOURNAL_MS);
    return result;
  }

  /** Deletes all data, and begins a new epoch. */
  clear(): void {
    this.#incarnation++;
    this.#state = this.#emptyState();
    this.#base = structuredClone(this.#state);
    this.#journal.length = 0;
  }

  /** Restores the state of `ms` milliseconds ago. */
  rewind(ms: number): void {
    const end = this.#now() - ms;
    this.#incarnation++;
    const state = structuredClone(this.#base);
    const kept = this.#journal.filter(({ at }) => at <= end);
    for (const entry of kept) repeat(entry, state);
    state.incarnation = this.#incarnation;
    this.#state = state;
    this.#journal.splice(0, Infinity, ...kept);
  }

  #emptyState(): SharedState {
    const epoch = `shared${this.#incarnation}`;
    return {
      epoch,
      incarnation: this.#incarnation,
      channels: new Map(),
      slots: new Map(),
      rosters: new Map(),
      clients: new Map(),
      marks: new Map(),
      leases: new Map(),
      lastBeatAt: this.#now(),
    };
  }

  /** Moves the oldest entries of the journal into its base. */
  #shorten(end: number): void {
    const count = this.#journal.findIndex(({ at }) => at > end);
    for (const entry of this.#journal.splice(0, Math.max(0, count))) repeat(entry, this.#base);
  }
}

function repeat({ at, incarnation, operation, offsets }: JournalEntry, state: SharedState): void {
  const left = [...offsets];
  state.incarnation = incarnation;
  operation({ state, now: at, nextOffset: () => left.shift() ?? 0, emit: () => {} });
}
