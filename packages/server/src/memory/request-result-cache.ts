// The results of one client's requests, by id.
// The idempotency log has one per client.
// At most 96 results and 256 KiB, oldest dropped first; see RequestResultCache for why it is made of arrays.

/** A longer result is not stored: a repetition of its request runs again. */
const MAX_RESULT_BYTES = 16 * 1024;
/** More than a client may have pending: 16 running and 64 waiting. */
const MAX_RESULTS = 96;
const MAX_BYTES = 256 * 1024;

export interface RequestResult {
  readonly digest: number;
  /** Undefined while the handler runs. */
  readonly result: string | undefined;
}

/**
 * The results of one client's requests: a ring of parallel arrays instead of a map of objects. A result is stored for every
 * request and read only by a repetition, and a map costs 15 to 34 % of a request more (fa6ded8, Node 24, 2026-11-28).
 */
export class RequestResultCache {
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
  /** The request that started last, which mostly ends next; `#running` holds all others. */
  #latest: string | undefined = undefined;
  #latestDigest = 0;
  /** The id looked up last, which is mostly stored next, and its hash. */
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

  settle(id: string, result: string | undefined): void {
    const digest = this.#finishRunning(id);
    if (digest === undefined || result === undefined || result.length > MAX_RESULT_BYTES) return;
    if (this.#next - this.#first === MAX_RESULTS) this.#dropFirstSize();
    // In a full ring this is the index of the entry just dropped.
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
/** A value that no hash has. */
const NO_HASH = -1;

/** Small and not negative, so that engines store an array of hashes as plain integers. */
function hashOf(id: string): number {
  let hash = 0;
  for (let index = 0; index < id.length; index++) hash = (hash * 31 + id.charCodeAt(index)) & 0x3fffffff;
  return hash;
}
