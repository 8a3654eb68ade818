// What the idempotency log stores of a client's requests, and how much of it.
// Implemented by request-result-cache.ts, and by request-result-map.ts when the cache is switched off.

/** A longer result is not stored: a repetition of its request runs again. */
export const MAX_RESULT_BYTES = 16 * 1024;
/** More than a client may have pending: 16 running and 64 waiting. */
export const MAX_RESULTS = 96;
/** The size of all results of a client, in UTF-16 code units. */
export const MAX_BYTES = 256 * 1024;

/** A request that has started. */
export interface RequestResult {
  readonly digest: number;
  /** Undefined while the handler runs. */
  readonly result: string | undefined;
}

/** The requests of one client that are running, and the results of those that ended last. */
export interface RequestResults {
  get(id: string): RequestResult | undefined;
  /** A request starts whose id has neither started nor a stored result. */
  begin(id: string, digest: number): void;
  /** A request ends. @returns whether its result is stored; without one, or with one that is too long, a repetition runs again */
  settle(id: string, result: string | undefined): boolean;
}
