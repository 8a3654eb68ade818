import type { Clock } from "../types.ts";

/** Above this number of keys, the oldest are forgotten early, so that a flood of addresses cannot fill the memory. */
const MAX_KEYS = 50_000;

/** The number of tokens per second and at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Compensates rounding errors, which must not cost a whole token. */
const EPSILON = 1e-6;

/**
 * A token bucket for each of many keys. For each bucket, only the time at which it is full again is stored. Keys live in two
 * generations: a bucket that is not used for a whole generation is full again, so it is dropped with its generation.
 */
export class KeyedRateLimiter {
  readonly #clock: Clock;
  readonly #rate: Rate;
  /** All times are relative to this one, because small numbers are exact. */
  readonly #origin: number;
  #current = new Map<string, number>();
  #previous = new Map<string, number>();
  #timer: unknown;

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
    this.#origin = clock.now();
  }

  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  /** @returns 0, or how long to wait, in ms; takes no token and stores no new key */
  waitFor(key: string): number {
    const fullAt = this.#current.get(key) ?? this.#previous.get(key);
    return fullAt === undefined ? 0 : this.#wait(fullAt - this.#now());
  }

  /** Takes a token. @returns 0, or how long to wait, in ms; then no token was taken */
  take(key: string): number {
    const now = this.#now();
    const fullAt = this.#current.get(key) ?? this.#previous.get(key) ?? now;
    // More tokens than the burst can be missing only if the clock was set back.
    const missingMs = Math.min(Math.max(0, fullAt - now), this.#generationMs());
    const waitMs = this.#wait(missingMs);
    this.#store(key, now + missingMs + (waitMs > 0 ? 0 : 1_000 / this.#rate.perSecond));
    return waitMs;
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#current.clear();
    this.#previous.clear();
  }

  #now(): number {
    return this.#clock.now() - this.#origin;
  }

  /** @param missingMs the time until the bucket is full */
  #wait(missingMs: number): number {
    const { perSecond, burst } = this.#rate;
    const tokens = burst - (Math.max(0, missingMs) / 1_000) * perSecond;
    // With a burst below 1, a full bucket is enough, because a whole token could never be reached.
    const missingTokens = Math.min(1, burst) - tokens;
    return missingTokens <= EPSILON
      ? 0
      : Math.max(1, Math.ceil((missingTokens / perSecond) * 1_000 - EPSILON));
  }

  #store(key: string, fullAt: number): void {
    this.#previous.delete(key);
    if (this.#current.size >= MAX_KEYS && !this.#current.has(key)) this.#rotate();
    this.#current.set(key, fullAt);
    this.#timer ??= this.#clock.setTimeout(this.#tick, this.#generationMs());
  }

  readonly #tick = (): void => {
    this.#rotate();
    this.#timer = this.size === 0 ? undefined : this.#clock.setTimeout(this.#tick, this.#generationMs());
  };

  #rotate(): void {
    this.#previous = this.#current;
    this.#current = new Map();
  }

  #generationMs(): number {
    const { perSecond, burst } = this.#rate;
    return Math.ceil((Math.max(1, burst) / perSecond) * 1_000);
  }
}
