import type { Clock } from "../types.ts";

/** The shortest time between two emitted values. */
const INTERVAL_MS = 2_000;

/** Emits a number that changes often: the first value at once, then the newest every two seconds, and always the last one. */
export class ThrottledValue {
  readonly #clock: Clock;
  readonly #emit: (value: number) => void;
  #emittedAt = Number.NEGATIVE_INFINITY;
  #latest: number | undefined;
  #timer: unknown;
  #isActive = false;

  constructor(clock: Clock, emit: (value: number) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Whether a value was set since the last stop. */
  get isActive(): boolean {
    return this.#isActive;
  }

  set(value: number): void {
    this.#isActive = true;
    this.#latest = value;
    if (this.#timer !== undefined) return;
    const waitMs = this.#emittedAt + INTERVAL_MS - this.#clock.now();
    if (waitMs <= 0) this.#emitLatest();
    else this.#timer = this.#clock.setTimeout(() => this.#emitLatest(), waitMs);
  }

  /** @returns whether a value was set since the last stop */
  stop(): boolean {
    const wasActive = this.#isActive;
    this.#isActive = false;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    return wasActive;
  }

  #emitLatest(): void {
    this.#timer = undefined;
    this.#emittedAt = this.#clock.now();
    if (this.#latest !== undefined) this.#emit(this.#latest);
  }
}
