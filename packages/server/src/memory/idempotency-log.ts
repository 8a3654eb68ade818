// The results of each client's operations, so that a repeated send or request is answered and not run again.
// Called by the deduplicator, through the backplane.
// Kept per client: the last 32 sends and 96 requests (see request-results.ts), for 5 minutes. Per user: twice as many clients as may
// have connections, so that clients that are away keep their records, and at least enough for the tabs that share a connection; the
// record of an open connection is never dropped.

import type { ClientRef, Work, WorkState } from "../backplane.ts";
import { MAX_SHARING_TABS } from "../limits.ts";
import { RequestResultCache } from "./request-result-cache.ts";
import { RequestResultMap } from "./request-result-map.ts";
import type { RequestResults } from "./request-results.ts";

interface Result {
  readonly digest: number;
  /** Undefined while the handler runs. */
  readonly result: string | undefined;
}

interface ClientRecord {
  lastSeq: number;
  /** The results of the last 32 sends, by `seq`. */
  readonly sends: Map<number, Result>;
  readonly requests: RequestResults;
  /** The digests of operations that ended without a known outcome or a stored result, by key; few clients have one. */
  unknown?: Map<Work["key"], number>;
  /** Set if the client may have run operations that this record does not have: the connection that was last told so, or `null`. */
  toldTo?: string | null | undefined;
  usedAt: number;
}

const RECORD_TTL_MS = 5 * 60_000;
const MAX_SENDS = 32;
const MAX_UNKNOWN = 128;
/** The number of connections per user that is assumed before the first admission. */
const DEFAULT_CONNECTIONS = 20;

/** Enough for the tabs that share a connection and some other clients. */
const LEAST_CLIENTS = MAX_SHARING_TABS + 8;

const RUN: WorkState = { state: "run" };
const RUN_AGAIN: WorkState = { state: "run", mayHaveRun: true };
const RUNNING: WorkState = { state: "running" };
const CONFLICT: WorkState = { state: "conflict" };

/** The results of sends and requests of every client. */
export class IdempotencyLog {
  /** False when HALYARD_RESULT_CACHE=off switches the cache off; applies to clients that are new from then on. */
  usesResultCache = true;
  readonly #users = new Map<string, Map<string, ClientRecord>>();
  /** The record used last, because consecutive messages often come from one client. */
  #latest: { readonly ref: ClientRef; readonly record: ClientRecord } | undefined;

  readonly #isOpen: (ref: ClientRef) => boolean;
  #maxConnections: number | undefined;

  /** @param isOpen whether a client has an open connection */
  constructor(isOpen: (ref: ClientRef) => boolean = () => false) {
    this.#isOpen = isOpen;
  }

  /** How many connections a user may have; keeps the largest limit of any admission. */
  set maxConnections(limit: number) {
    this.#maxConnections = Math.max(this.#maxConnections ?? 0, limit);
  }

  get #maxClients(): number {
    return Math.max(2 * (this.#maxConnections ?? DEFAULT_CONNECTIONS), LEAST_CLIENTS);
  }

  get size(): number {
    return this.#users.size;
  }

  begin({ ref, key, digest, connection }: Work, now: number): WorkState {
    const record = this.#recordOf(ref);
    record.usedAt = now;
    // The operation comes from the connection that was told, so the client has read that welcome.
    if (record.toldTo !== undefined && record.toldTo === connection?.id)
      Object.assign(record, { toldTo: undefined, lastSeq: 0 });
    const known = typeof key === "number" ? record.sends.get(key) : record.requests.get(key);
    if (known !== undefined) {
      if (known.digest !== digest) return CONFLICT;
      return known.result === undefined ? RUNNING : { state: "done", result: known.result };
    }
    const earlier = record.unknown?.get(key);
    if (earlier !== undefined && earlier !== digest) return CONFLICT;
    if (typeof key !== "number") record.requests.begin(key, digest);
    // A new record accepts any number, because the server has dropped this client or never knew it.
    else if (earlier === undefined && record.lastSeq !== 0 && key !== record.lastSeq + 1) return CONFLICT;
    else this.#beginSend(record, key, digest);
    return earlier === undefined ? RUN : RUN_AGAIN;
  }

  #beginSend(record: ClientRecord, key: number, digest: number): void {
    record.lastSeq = Math.max(record.lastSeq, key);
    record.sends.delete(key - MAX_SENDS);
    record.unknown?.delete(key - MAX_SENDS);
    record.sends.set(key, { digest, result: undefined });
  }

  settle(work: Work, result: string | undefined): void {
    const { ref, key, digest } = work;
    const record =
      this.#latest?.ref === ref ? this.#latest.record : this.#users.get(ref.user)?.get(ref.client);
    if (record === undefined) return;
    if (typeof key === "string") {
      markEnd(record, work, record.requests.settle(key, result));
      return;
    }
    // A send that took longer than the next 32 has left the window, and must not enter it again.
    if (!record.sends.has(key)) return;
    markEnd(record, work, result !== undefined);
    if (result !== undefined) record.sends.set(key, { digest, result });
    else if (record.sends.delete(key) && record.lastSeq === key && record.unknown?.has(key) !== true)
      record.lastSeq = key - 1;
  }

  /** Whether the results of all operations of a client are known. If not, the welcome of the given connection tells the client. */
  recall(ref: ClientRef, connectionId: string, now: number): boolean {
    const isNew = !this.#has(ref);
    const record = this.#recordOf(ref);
    record.usedAt = now;
    if (!isNew && record.toldTo === undefined) return true;
    record.toldTo = connectionId;
    return false;
  }

  /** Call when a returning client connects: its earlier operations are unknown, unless it has a record or an open connection. */
  meet(ref: ClientRef, now: number): void {
    if (this.#has(ref)) return;
    const record = this.#recordOf(ref);
    record.usedAt = now;
    if (!this.#isOpen(ref)) record.toldTo = null;
  }

  #has({ user, client }: ClientRef): boolean {
    return this.#users.get(user)?.has(client) === true;
  }

  /** Keeps the client's record for another 5 minutes, and creates one if there is none. */
  touch(ref: ClientRef, now: number): void {
    this.#recordOf(ref).usedAt = now;
  }

  sweep(now: number): void {
    this.#latest = undefined;
    for (const [user, clients] of this.#users) {
      for (const [client, record] of clients) if (now - record.usedAt > RECORD_TTL_MS) clients.delete(client);
      if (clients.size === 0) this.#users.delete(user);
    }
  }

  #recordOf(ref: ClientRef): ClientRecord {
    if (this.#latest?.ref === ref) return this.#latest.record;
    let clients = this.#users.get(ref.user);
    if (clients === undefined) this.#users.set(ref.user, (clients = new Map<string, ClientRecord>()));
    const known = clients.get(ref.client);
    const record = known ?? this.#newRecord();
    this.#latest = { ref, record };
    if (known !== undefined && clients.size === 1) return record;
    // The map is kept in the order of use, so that its first entry is the one to drop.
    clients.delete(ref.client);
    clients.set(ref.client, record);
    if (clients.size > this.#maxClients) this.#giveUpOldest(ref.user, clients);
    return record;
  }

  #giveUpOldest(user: string, clients: Map<string, ClientRecord>): void {
    for (const client of clients.keys()) {
      if (clients.size <= this.#maxClients) return;
      if (!this.#isOpen({ user, client })) clients.delete(client);
    }
  }

  #newRecord(): ClientRecord {
    const requests = this.usesResultCache ? new RequestResultCache() : new RequestResultMap();
    return { lastSeq: 0, sends: new Map(), requests, usedAt: 0 };
  }
}

function markEnd(record: ClientRecord, { key, digest, hasNoEffect }: Work, isStored: boolean): void {
  if (isStored) record.unknown?.delete(key);
  if (isStored || hasNoEffect === true) return;
  const unknown = (record.unknown ??= new Map());
  unknown.delete(key);
  unknown.set(key, digest);
  const [oldest] = unknown.keys();
  if (unknown.size > MAX_UNKNOWN && oldest !== undefined) unknown.delete(oldest);
}
