import type { Work, WorkState } from "../backplane.js";

interface Result {
  readonly digest: string;
  /** Undefined while it runs. */
  result: string | undefined;
}

interface ClientRecord {
  last: number;
  /** Results of sends by `seq`, the last 32. */
  readonly sends: Map<number, Result>;
  /** Results of requests by `id`, at most 256 KiB. */
  readonly requests: Map<string, Result>;
  requestBytes: number;
  usedAt: number;
}

const KEPT_MS = 5 * 60_000;
const KEPT_SENDS = 32;
const KEPT_REQUEST_BYTES = 256 * 1024;
const LARGEST_RESULT = 16 * 1024;
const CLIENTS_PER_USER = 20;

/** What each client has had done, so that a repetition is answered and not run again. */
export class WorkLog {
  readonly #users = new Map<string, Map<string, ClientRecord>>();

  get size(): number {
    return this.#users.size;
  }

  begin({ ref, key, digest }: Work, now: number): WorkState {
    const record = this.#recordOf(ref.user, ref.client);
    record.usedAt = now;
    const results: Map<number | string, Result> = typeof key === "number" ? record.sends : record.requests;
    const known = results.get(key);
    if (known !== undefined) {
      if (known.digest !== digest) return { state: "conflict" };
      return known.result === undefined ? { state: "running" } : { state: "done", result: known.result };
    }
    if (typeof key === "number") {
      // A record without a past takes any number: the server has forgotten this client, or never knew it.
      if (record.last !== 0 && key !== record.last + 1) return { state: "conflict" };
      record.last = key;
      record.sends.delete(key - KEPT_SENDS);
    }
    results.set(key, { digest, result: undefined });
    return { state: "run" };
  }

  settle({ ref, key, digest }: Work, result: string | undefined): void {
    const record = this.#users.get(ref.user)?.get(ref.client);
    if (record === undefined) return;
    if (typeof key === "number") {
      // What took longer than the next 32 is out of the window already, and must not come back into it.
      if (result !== undefined && key > record.last - KEPT_SENDS) record.sends.set(key, { digest, result });
      else if (record.sends.delete(key) && record.last === key) record.last = key - 1;
      return;
    }
    if (result === undefined || result.length > LARGEST_RESULT) {
      record.requests.delete(key);
      return;
    }
    record.requests.set(key, { digest, result });
    record.requestBytes += result.length;
    for (const [id, { result: stored }] of record.requests) {
      if (record.requestBytes <= KEPT_REQUEST_BYTES) break;
      if (stored === undefined) continue;
      record.requests.delete(id);
      record.requestBytes -= stored.length;
    }
  }

  sweep(now: number): void {
    for (const [user, clients] of this.#users) {
      for (const [client, record] of clients) if (now - record.usedAt > KEPT_MS) clients.delete(client);
      if (clients.size === 0) this.#users.delete(user);
    }
  }

  #recordOf(user: string, client: string): ClientRecord {
    const clients = this.#users.get(user) ?? new Map<string, ClientRecord>();
    this.#users.set(user, clients);
    const record = clients.get(client) ?? {
      last: 0,
      sends: new Map<number, Result>(),
      requests: new Map<string, Result>(),
      requestBytes: 0,
      usedAt: 0,
    };
    // The order of the map is the order of use, so that the first is the one to forget.
    clients.delete(client);
    clients.set(client, record);
    for (const oldest of clients.keys()) {
      if (clients.size <= CLIENTS_PER_USER) break;
      clients.delete(oldest);
    }
    return record;
  }
}
