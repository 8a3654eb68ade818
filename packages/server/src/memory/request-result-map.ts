// Stores the results of one client's requests, by id, in maps: a simpler replacement for RequestResultCache.
// The idempotency log has one per client while HALYARD_RESULT_CACHE=off.
// Guarantee: at most 96 results and 256 KiB; the oldest result is dropped first.

import { MAX_BYTES, MAX_RESULT_BYTES, MAX_RESULTS } from "./request-results.ts";
import type { RequestResult, RequestResults } from "./request-results.ts";

/** Used instead of {@link RequestResultCache} when the cache is switched off. */
export class RequestResultMap implements RequestResults {
  /** The digests of running requests. */
  readonly #running = new Map<string, number>();
  /** Finished requests, oldest first. */
  readonly #finished = new Map<string, { readonly digest: number; readonly result: string }>();
  #bytes = 0;

  get(id: string): RequestResult | undefined {
    const digest = this.#running.get(id);
    return digest === undefined ? this.#finished.get(id) : { digest, result: undefined };
  }

  begin(id: string, digest: number): void {
    this.#running.set(id, digest);
  }

  settle(id: string, result: string | undefined): boolean {
    const digest = this.#running.get(id);
    this.#running.delete(id);
    if (digest === undefined || result === undefined || result.length > MAX_RESULT_BYTES) return false;
    this.#finished.set(id, { digest, result });
    this.#bytes += result.length;
    for (const [oldest, { result: dropped }] of this.#finished) {
      if (this.#finished.size <= MAX_RESULTS && this.#bytes <= MAX_BYTES) break;
      this.#finished.delete(oldest);
      this.#bytes -= dropped.length;
    }
    return true;
  }
}
