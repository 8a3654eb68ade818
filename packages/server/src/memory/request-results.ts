// How the idempotency log stores a client's requests, and its bounds.
// Implemented by request-result-cache.ts, and by request-result-map.ts when the cache is switched off.

/** The longest result that is stored; a repetition of a request with a longer one runs again. */
export const MAX_RESULT_BYTES = 16 * 1024;
/** How many results are stored: more than a client may have pending (16 running and 64 waiting). */
export const MAX_RESULTS = 96;
/** The largest size of all results of a client, in UTF-16 units. */
export const MAX_BYTES = 256 * 1024;

/** A request that has started, with its result if it has ended. */
export interface RequestResult {
  readonly digest: number;
  /** Undefined while the handler runs. */
  readonly result: string | undefined;
}

/** The requests of one client that are running, and the results of those that ended last. */
export interface RequestResults {
  get(id: string): RequestResult | undefined;
  /** Starts a request whose id is neither running nor stored. */
  begin(id: string, digest: number): void;
  /** Ends a request. @returns whether its result is stored; without a result, or with one that is too long, a repetition runs again */
  settle(id: string, result: string | undefined): boolean;
}
