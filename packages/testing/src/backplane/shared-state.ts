// What the nodes of a shared backplane have in common: plain data, and the one way to change it.
// The files beside this one read and write it in operations; a node sends operations over its link.
// Guarantee: operations run one after the other, and `rewind` goes back to what an earlier moment had stored.
import type {
  ClientRef,
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

/** A channel: its newest offset, its history, and the offsets of publications by their key. */
export interface StoredChannel {
  top: number;
  messages: StoredMessage[];
  historyMs: number;
  readonly keys: Map<string, { readonly offset: number; readonly at: number }>;
}

/** The slot of a client, which an open connection holds or one that is about to open. */
export interface StoredSlot {
  readonly client: string;
  open: { connectionId: string; lease: string; attempt: number; openedAt: number } | undefined;
  reserved: { connectionId: string; attempt: number; at: number; limit: number } | undefined;
}

/** A connection that keeps an entry: the lease of its node, and what it shows. */
interface StoredConnection {
  readonly lease: string;
  readonly state: ShownState | undefined;
}

/** A user in a roster, and the connections that keep the entry. */
export interface StoredMember {
  entry: RosterEntry;
  readonly joinOrder: number;
  readonly connections: Map<string, StoredConnection>;
  /** Set while the grace period runs. */
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
  /** Undefined while the handler runs. */
  result: string | undefined;
  /** The node that has begun it; undefined once it has ended without a stored result. */
  node: string | undefined;
  /** The number of the `begin` on that node. */
  claim: number | undefined;
  /** It was begun before, and how it ended is unknown. */
  mayHaveRun: boolean;
}

/** How long the record of a client that is away is kept. */
export const RECORD_MS = 300_000;

/** The record of a client: its operations, and the rooms that the server gave to it. */
export interface StoredClient {
  readonly user: string;
  readonly client: string;
  lastSeq: number;
  /**
   * Whether the record has everything that the client has had done: not where the store was emptied or has gone back
   * meanwhile.
   */
  isWhole: boolean;
  /** The connection in whose welcome the client is told that it is not: what this one begins, and all later ones, is known. */
  toldTo: string | undefined;
  /** That of the store when the record was last used: after another one, numbers are missing, and are none to count from. */
  incarnation: number;
  readonly sends: Map<number, StoredWork>;
  readonly requests: Map<string, StoredWork>;
  readonly rooms: Set<string>;
  usedAt: number;
}

/** Everything that is stored. */
export interface SharedState {
  readonly epoch: string;
  /** Changes when the store was lost or has gone back: nodes then declare their connections again. */
  incarnation: number;
  readonly channels: Map<string, StoredChannel>;
  readonly slots: Map<string, StoredSlot[]>;
  readonly rosters: Map<string, StoredRoster>;
  readonly clients: Map<string, StoredClient>;
  readonly marks: Map<string, { readonly mark: Revocation; readonly endsAt: number }>;
  /** The nodes that are alive, by their lease. */
  readonly leases: Map<string, { readonly node: string; endsAt: number }>;
  /** When any node last renewed its lease. */
  lastBeatAt: number;
}

/** A client id contains no NUL, and a user id may contain anything. */
export function clientKey({ user, client }: ClientRef): string {
  return `${client}\0${user}`;
}

export function hasSlot(state: SharedState, user: string, client: string): boolean {
  return (state.slots.get(user) ?? []).some((slot) => slot.client === client);
}

/** What an operation tells the nodes. */
export type SharedEvent =
  | { readonly kind: "ephemeral"; readonly channel: string; readonly data: string }
  | { readonly kind: "publication"; readonly publication: Publication }
  | { readonly kind: "presence"; readonly event: PresenceEvent }
  | { readonly kind: "revoked"; readonly mark: Revocation; readonly by: string };

/** What an operation works on. */
export interface Transaction {
  readonly state: SharedState;
  readonly now: number;
  /** A number greater than any before, also of those before a `rewind`: no offset is given out twice. */
  nextOffset(): number;
  emit(event: SharedEvent): void;
}

/** A change of the state. It depends on nothing but the transaction, so that it can be repeated. */
export type Operation<TResult> = (transaction: Transaction) => TResult;

interface JournalEntry {
  readonly at: number;
  readonly incarnation: number;
  readonly operation: Operation<unknown>;
  readonly offsets: number[];
}

/** How far back `rewind` reaches. */
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
    this.#journal.push(entry);
    if (this.#journal.length % 1_000 === 0) this.#shorten(now - JOURNAL_MS);
    return operation({
      state: this.#state,
      now,
      nextOffset: () => {
        entry.offsets.push(++this.#offset);
        return this.#offset;
      },
      emit: this.#onEvent,
    });
  }

  /** Forgets everything: a new epoch begins. */
  clear(): void {
    this.#incarnation++;
    this.#state = this.#emptyState();
    this.#base = structuredClone(this.#state);
    this.#journal.length = 0;
  }

  /** Goes back to what was stored so many milliseconds ago. */
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
