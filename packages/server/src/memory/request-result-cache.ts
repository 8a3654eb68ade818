const MAX_RESULT_BYTES = 16 * 1024;
/** More than a client may have asked without an answer: 16 at work and 64 waiting. */
const KEPT_RESULTS = 96;
const KEPT_BYTES = 256 * 1024;

export interface RequestResult {
  readonly digest: number;
  /** Undefined while it runs. */
  readonly result: string | undefined;
}

/**
 * Results of one client's requests by `id`: a bounded number of them, and of bytes; the first one that ended goes first.
 *
 * Lists in place of a map of objects: a result is asked for seldom and stored for every request, and what a map spends on
 * that, and the garbage collector on what the map holds, was a fifth of a request's time.
 */
export class RequestResultCache {
  /** A ring of what has ended, with the hashes of the ids. */
  readonly #hashes: number[] = [];
  readonly #sizes: number[] = [];
  readonly #ids: string[] = [];
  readonly #digests: number[] = [];
  readonly #results: string[] = [];
  /** How many hashes have the same end: none, as a rule, for an id that is not there. */
  readonly #counts = new Uint8Array(HASH_BUCKETS);
  #first = 0;
  #next = 0;
  #bytes = 0;
  /** What began last, which is mostly what ends next; and whatever else runs. */
  #latest: string | undefined = undefined;
  #latestDigest = 0;
  /** What was asked for last, which is mostly what is stored next. */
  #lastLookup = "";
  #askedHash = 0;
  #running: Map<string, number> | undefined = undefined;

  get(id: string): RequestResult | undefined {
    const running = id === this.#latest ? this.#latestDigest : this.#running?.get(id);
    if (running !== undefined) return { digest: running, result: undefined };
    const hash = (this.#askedHash = hashOf(id));
    this.#lastLookup = id;
    if (this.#counts[hash % HASH_BUCKETS] === 0) return undefined;
    for (let at = this.#hashes.indexOf(hash); at !== -1; at = this.#hashes.indexOf(hash, at + 1)) {
      const [digest, result] = [this.#digests[at], this.#results[at]];
      if (this.#ids[at] === id && digest !== undefined && result !== undefined) return { digest, result };
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
    if (this.#next - this.#first === KEPT_RESULTS) this.#dropFirstSize();
    // Where the ring was full, this is the place of the first one.
    const at = this.#next++ % KEPT_RESULTS;
    const hash = id === this.#lastLookup ? this.#askedHash : hashOf(id);
    this.#hashes[at] = hash;
    this.#counts[hash % HASH_BUCKETS] = (this.#counts[hash % HASH_BUCKETS] ?? 0) + 1;
    this.#sizes[at] = result.length;
    this.#ids[at] = id;
    this.#digests[at] = digest;
    this.#results[at] = result;
    this.#bytes += result.length;
    while (this.#bytes > KEPT_BYTES) this.#evictOldest();
  }

  /** @returns the digest of what ran under the id */
  #finishRunning(id: string): number | undefined {
    if (id === this.#latest) {
      this.#latest = undefined;
      return this.#latestDigest;
    }
    const digest = this.#running?.get(id);
    if (this.#running?.delete(id) === true && this.#running.size === 0) this.#running = undefined;
    return digest;
  }

  /** @returns its place */
  #dropFirstSize(): number {
    const at = this.#first++ % KEPT_RESULTS;
    const end = (this.#hashes[at] ?? 0) % HASH_BUCKETS;
    this.#bytes -= this.#sizes[at] ?? 0;
    this.#counts[end] = (this.#counts[end] ?? 1) - 1;
    return at;
  }

  #evictOldest(): void {
    const at = this.#dropFirstSize();
    this.#hashes[at] = NONE;
    this.#ids[at] = this.#results[at] = "";
  }
}

const HASH_BUCKETS = 256;
/** No id's hash. */
const NONE = -1;

/** Small and not negative, so that lists of it hold plain integers. */
function hashOf(id: string): number {
  let hash = 0;
  for (let index = 0; index < id.length; index++) hash = (hash * 31 + id.charCodeAt(index)) & 0x3fffffff;
  return hash;
}
