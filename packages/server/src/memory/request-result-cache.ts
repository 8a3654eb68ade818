// Stores the results of one client's requests, by id, in a ring of parallel arrays. The idempotency log has one per client.
// Guarantee: at most 96 results and 256 KiB; the oldest result is dropped first.
//
// What it relies on: a result is stored for every request and read only by a repetition, and an id is usually looked up just
// before its request starts and ends. It uses only the language, no internals of a runtime.
// What it saves: with a map, a request costs 15 to 34 % more (measured at fa6ded8, Node 24, 2026-11-28).
// How it falls back: with the switch off, request-result-map.ts does the same with a map of objects.
// Kill switch: HALYARD_RESULT_CACHE=off, which sets `usesResultCache` of the memory backplane.

import { MAX_BYTES, MAX_RESULT_BYTES, MAX_RESULTS } from "./request-results.ts";
import type { RequestResult, RequestResults } from "./request-results.ts";

/** The results of one client's requests: a ring of parallel arrays instead of a map of objects. */
export class RequestResultCache implements RequestResults {
  /** The ring of finished requests: the hashes of their ids, sizes, ids, digests and results. */
  readonly #hashes: number[] = [];
  readonly #sizes: number[] = [];
  readonly #ids: string[] = [];
  readonly #digests: number[] = [];
  readonly #results: string[] = [];
  /** How many hashes fall into each bucket: usually none for an id that is not stored. */
  readonly #counts = new Uint8Array(HASH_BUCKETS);
  #first = 0;
  #next = 0;
  #bytes = 0;
  /** The request that started last, which usually ends next; `#running` holds all others. */
  #latest: string | undefined = undefined;
  #latestDigest = 0;
  /** The id that was looked up last, which is usually stored next; below, its hash. */
  #lastLookup = "";
  #lastLookupHash = 0;
  #running: Map<string, number> | undefined = undefined;

  get(id: string): RequestResult | undefined {
    const running = id === this.#latest ? this.#latestDigest : this.#running?.get(id);
    if (running !== undefined) return { digest: running, result: undefined };
    const hash = (this.#lastLookupHash = hashOf(id));
    this.#lastLookup = id;
    if (this.#counts[hash % HASH_BUCKETS] === 0) return undefined;
    for (
      let index = this.#hashes.indexOf(hash);
      index !== -1;
      index = this.#hashes.indexOf(hash, index + 1)
    ) {
      const [digest, result] = [this.#digests[index], this.#results[index]];
      if (this.#ids[index] === id && digest !== undefined && result !== undefined) return { digest, result };
    }
    return undefined;
  }

  begin(id: string, digest: number): void {
    if (this.#latest !== undefined) (this.#running ??= new Map()).set(this.#latest, this.#latestDigest);
    this.#latest = id;
    this.#latestDigest = digest;
  }

  settle(id: string, result: string | undefined): boolean {
    const digest = this.#finishRunning(id);
    if (digest === undefined || result === undefined || result.length > MAX_RESULT_BYTES) return false;
    if (this.#next - this.#first === MAX_RESULTS) this.#dropFirstSize();
    // In a full ring this is the index of the entry that was just dropped.
    const index = this.#next++ % MAX_RESULTS;
    const hash = id === this.#lastLookup ? this.#lastLookupHash : hashOf(id);
    this.#hashes[index] = hash;
    this.#counts[hash % HASH_BUCKETS] = (this.#counts[hash % HASH_BUCKETS] ?? 0) + 1;
    this.#sizes[index] = result.length;
    this.#ids[index] = id;
    this.#digests[index] = digest;
    this.#results[index] = result;
    this.#bytes += result.length;
    while (this.#bytes > MAX_BYTES) this.#evictOldest();
    return true;
  }

  /** @returns the digest of the request that ran under this id */
  #finishRunning(id: string): number | undefined {
    if (id === this.#latest) {
      this.#latest = undefined;
      return this.#latestDigest;
    }
    const digest = this.#running?.get(id);
    if (this.#running?.delete(id) === true && this.#running.size === 0) this.#running = undefined;
    return digest;
  }

  /** @returns the index of the dropped entry */
  #dropFirstSize(): number {
    const index = this.#first++ % MAX_RESULTS;
    const bucket = (this.#hashes[index] ?? 0) % HASH_BUCKETS;
    this.#bytes -= this.#sizes[index] ?? 0;
    this.#counts[bucket] = (this.#counts[bucket] ?? 1) - 1;
    return index;
  }

  #evictOldest(): void {
    const index = this.#dropFirstSize();
    this.#hashes[index] = NO_HASH;
    this.#ids[index] = this.#results[index] = "";
  }
}

const HASH_BUCKETS = 256;
/** A value that is never a hash. */
const NO_HASH = -1;

/** Small and not negative, so that engines store an array of hashes as plain integers. */
function hashOf(id: string): number {
  let hash = 0;
  for (let index = 0; index < id.length; index++) hash = (hash * 31 + id.charCodeAt(index)) & 0x3fffffff;
  return hash;
}
