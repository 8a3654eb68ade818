import type { Clock } from "../types.ts";

/** More keys than this at a time are forgotten early: nobody fills the memory with addresses. */
const MAX_KEYS = 50_000;

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A part of a token that is lost in arithmetic must not cost a whole one. */
const EPSILON = 1e-6;

/**
 * A rate for each of many keys: a bucket of tokens, of which only the time is kept at which it is full again. There are
 * two generations: what is not asked for a whole generation would be full again, so it goes with its generation, and
 * nothing is kept for a key that comes no more.
 */
export class KeyedRateLimiter {
  readonly #clock: Clock;
  readonly #rate: Rate;
  /** Times are counted from here, because small numbers are exact. */
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

  /** @returns 0, or the milliseconds to wait; nothing is taken, and nothing is kept for a new key */
  waitFor(key: string): number {
    const fullAt = this.#current.get(key) ?? this.#previous.get(key);
    return fullAt === undefined ? 0 : this.#wait(fullAt - this.#now());
  }

  /** @returns 0, or the milliseconds to wait; nothing is taken then */
  take(key: string): number {
    const now = this.#now();
    const fullAt = this.#current.get(key) ?? this.#previous.get(key) ?? now;
    // More is missing than there was only where the clock was set back.
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

  /** @param missingMs how long it takes until the bucket is full */
  #wait(missingMs: number): number {
    const { perSecond, burst } = this.#rate;
    const tokens = burst - (Math.max(0, missingMs) / 1_000) * perSecond;
    // More than fits at once is let through when the bucket is full, or it would wait for ever.
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
