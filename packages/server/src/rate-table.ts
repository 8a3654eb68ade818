import { TokenBucket } from "./token-bucket.js";
import type { Clock } from "./types.js";

/** More keys than this at a time are forgotten early: nobody fills the memory with addresses. */
const KEYS = 50_000;

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * A rate for each of many keys. There are two generations of buckets: one that is not asked for a whole generation would
 * be full again, so it goes with its generation, and nothing is kept for a key that comes no more.
 */
export class RateTable {
  readonly #clock: Clock;
  readonly #rate: Rate;
  #young = new Map<string, TokenBucket>();
  #old = new Map<string, TokenBucket>();
  #timer: unknown;

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** @returns 0, or the milliseconds to wait; nothing is taken, and nothing is kept for a new key */
  waitFor(key: string): number {
    const bucket = this.#young.get(key) ?? this.#old.get(key);
    return bucket?.waitFor(this.#clock.now()) ?? 0;
  }

  /** @returns 0, or the milliseconds to wait; nothing is taken then */
  take(key: string): number {
    return this.#of(key).take(this.#clock.now());
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#young.clear();
    this.#old.clear();
  }

  #of(key: string): TokenBucket {
    const known = this.#young.get(key);
    if (known !== undefined) return known;
    const bucket =
      this.#old.get(key) ?? new TokenBucket(this.#rate.perSecond, this.#rate.burst, this.#clock.now());
    this.#old.delete(key);
    if (this.#young.size >= KEYS) this.#age();
    this.#young.set(key, bucket);
    this.#timer ??= this.#clock.setTimeout(this.#tick, this.#generationMs());
    return bucket;
  }

  readonly #tick = (): void => {
    this.#age();
    this.#timer = this.size === 0 ? undefined : this.#clock.setTimeout(this.#tick, this.#generationMs());
  };

  #age(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }

  #generationMs(): number {
    return Math.ceil((this.#rate.burst / this.#rate.perSecond) * 1_000);
  }
}
