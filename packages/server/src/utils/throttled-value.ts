import type { Clock } from "../types.ts";

/** Over so many users only the total is told, this often. */
const TOTALS_MS = 2_000;

/** Tells a number that changes often: at once, then the newest each two seconds, and always the last one. */
export class ThrottledValue {
  readonly #clock: Clock;
  readonly #emit: (total: number) => void;
  #emittedAt = Number.NEGATIVE_INFINITY;
  #latest: number | undefined;
  #timer: unknown;
  #isSaying = false;

  constructor(clock: Clock, emit: (total: number) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Whether anything was said since the last stop. */
  get isActive(): boolean {
    return this.#isSaying;
  }

  set(total: number): void {
    this.#isSaying = true;
    this.#latest = total;
    if (this.#timer !== undefined) return;
    const waitMs = this.#emittedAt + TOTALS_MS - this.#clock.now();
    if (waitMs <= 0) this.#tellLatest();
    else this.#timer = this.#clock.setTimeout(() => this.#tellLatest(), waitMs);
  }

  /** @returns whether anything was said since the last stop */
  stop(): boolean {
    const wasSaying = this.#isSaying;
    this.#isSaying = false;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    return wasSaying;
  }

  #tellLatest(): void {
    this.#timer = undefined;
    this.#emittedAt = this.#clock.now();
    if (this.#latest !== undefined) this.#emit(this.#latest);
  }
}
