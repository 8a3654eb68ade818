import type { Clock } from "../types.ts";

/** More keys than this at a time are forgotten early: nobody fills the memory with addresses. */
const KEYS = 50_000;

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A part of a token that is lost in arithmetic must not cost a whole one. */
const ALMOST = 1e-6;

/**
 * A rate for each of many keys: a bucket of tokens, of which only the time is kept at which it is full again. There are
 * two generations: what is not asked for a whole generation would be full again, so it goes with its generation, and
 * nothing is kept for a key that comes no more.
 */
export class RateTable {
  readonly #clock: Clock;
  readonly #rate: Rate;
  /** Times are counted from here, because small numbers are exact. */
  readonly #origin: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #timer: unknown;

  constructor(clock: Clock, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
    this.#origin = clock.now();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** @returns 0, or the milliseconds to wait; nothing is taken, and nothing is kept for a new key */
  waitFor(key: string): number {
    const fullAt = this.#young.get(key) ?? this.#old.get(key);
    return fullAt === undefined ? 0 : this.#wait(fullAt - this.#now());
  }

  /** @returns 0, or the milliseconds to wait; nothing is taken then */
  take(key: string): number {
    const now = this.#now();
    const fullAt = this.#young.get(key) ?? this.#old.get(key) ?? now;
    // More is missing than there was only where the clock was set back.
    const missingMs = Math.min(Math.max(0, fullAt - now), this.#generationMs());
    const waitMs = this.#wait(missingMs);
    this.#keep(key, now + missingMs + (waitMs > 0 ? 0 : 1_000 / this.#rate.perSecond));
    return waitMs;
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#young.clear();
    this.#old.clear();
  }

  #now(): number {
    return this.#clock.now() - this.#origin;
  }

  /** @param missingMs how long it takes until the bucket is full */
  #wait(missingMs: number): number {
    const { perSecond, burst } = this.#rate;
    const tokens = burst - (Math.max(0, missingMs) / 1_000) * perSecond;
    // More than fits at once is let through when the bucket is full, or it would wait for ever.
    const lacking = Math.min(1, burst) - tokens;
    return lacking <= ALMOST ? 0 : Math.max(1, Math.ceil((lacking / perSecond) * 1_000 - ALMOST));
  }

  #keep(key: string, fullAt: number): void {
    this.#old.delete(key);
    if (this.#young.size >= KEYS && !this.#young.has(key)) this.#age();
    this.#young.set(key, fullAt);
    this.#timer ??= this.#clock.setTimeout(this.#tick, this.#generationMs());
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
    const { perSecond, burst } = this.#rate;
    return Math.ceil((Math.max(1, burst) / perSecond) * 1_000);
  }
}
