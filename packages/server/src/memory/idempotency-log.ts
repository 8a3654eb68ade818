// What each client has had done, so that a repeated send or request is answered and not run again.
// The deduplicator calls it, through the backplane.
// Per client: the last 32 sends, 96 requests (see request-results.ts), for 5 minutes. Per user: twice as many clients as may
// have connections, so that those that are away find their records, and so many that the tabs that share one are among them; the
// record of an open connection is never given up.

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
  /** Results of the last 32 sends, by `seq`. */
  readonly sends: Map<number, Result>;
  readonly requests: RequestResults;
  /** The digests of operations that have ended without a known outcome or a stored result, by key; few clients have one. */
  unknown?: Map<Work["key"], number>;
  /** Where the client may have had more done than stands here: the connection that was told so last, or `null`. */
  toldTo?: string | null | undefined;
  usedAt: number;
}

const RECORD_TTL_MS = 5 * 60_000;
const MAX_SENDS = 32;
const MAX_UNKNOWN = 128;
/** The limit of connections of a user without an admitted one. */
const DEFAULT_CONNECTIONS = 20;

/** The tabs that share a connection, and some clients beside them. */
const LEAST_CLIENTS = MAX_SHARING_TABS + 8;

const RUN: WorkState = { state: "run" };
const RUN_AGAIN: WorkState = { state: "run", mayHaveRun: true };
const RUNNING: WorkState = { state: "running" };
const CONFLICT: WorkState = { state: "conflict" };

/** The results of sends and requests of every client. */
export class IdempotencyLog {
  /** False once HALYARD_RESULT_CACHE=off has switched the cache off; for clients that are new from then on. */
  usesResultCache = true;
  readonly #users = new Map<string, Map<string, ClientRecord>>();
  /** The record used last: messages of a client come in rows. */
  #latest: { readonly ref: ClientRef; readonly record: ClientRecord } | undefined;

  readonly #isOpen: (ref: ClientRef) => boolean;
  #maxConnections: number | undefined;

  /** @param isOpen whether a client has an open connection */
  constructor(isOpen: (ref: ClientRef) => boolean = () => false) {
    this.#isOpen = isOpen;
  }

  /** How many connections a user may have; the largest limit with which one was admitted. */
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
    // The client has read the welcome that told it so.
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
    // A new record accepts any number: the server has dropped this client, or never knew it.
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
    // A send that took longer than the next 32 is out of the window, and must not return into it.
    if (!record.sends.has(key)) return;
    markEnd(record, work, result !== undefined);
    if (result !== undefined) record.sends.set(key, { digest, result });
    else if (record.sends.delete(key) && record.lastSeq === key && record.unknown?.has(key) !== true)
      record.lastSeq = key - 1;
  }

  /** Whether everything is known that a client has had done. A client that hears no is told so in the welcome of a connection. */
  recall(ref: ClientRef, connectionId: string, now: number): boolean {
    const isNew = !this.#has(ref);
    const record = this.#recordOf(ref);
    record.usedAt = now;
    if (!isNew && record.toldTo === undefined) return true;
    record.toldTo = connectionId;
    return false;
  }

  /** A client connects that is not new: what it has had done before is not known, unless it has a record or is open. */
  meet(ref: ClientRef, now: number): void {
    if (this.#has(ref)) return;
    const record = this.#recordOf(ref);
    record.usedAt = now;
    if (!this.#isOpen(ref)) record.toldTo = null;
  }

  #has({ user, client }: ClientRef): boolean {
    return this.#users.get(user)?.has(client) === true;
  }

  /** Keeps the client's record for another 5 minutes; makes one where it has none. */
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
    // The map is in the order of use, so that the first entry is the one to drop.
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
