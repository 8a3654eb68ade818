// Measures how long messages and requests take, with checks, middleware and handler, without waiting in a queue.
// SendExecutor and ClientRequests add to it; the metrics of a node read it.
// Guarantee: a message of a type that was counted before causes no allocation.

/** `limitsMs` are the upper bounds of the buckets; `counts` has one more entry, for longer times. */
export interface Histogram {
  readonly limitsMs: readonly number[];
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** The times of one message type or request name. */
export interface HandlerMetrics {
  /** How often the application's code failed: errors other than `HalyardError`, and time-outs. */
  readonly failures: number;
  readonly time: Histogram;
}

const LIMITS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];
/** The indexes after the counts. */
const SUM = LIMITS_MS.length + 1;
const FAILURES = SUM + 1;

/** The handler times of one node. */
export class HandlerTimes {
  readonly #slots = new Map<string, Float64Array>();
  readonly #isKnown: (name: string) => boolean;

  constructor(isKnown: (name: string) => boolean) {
    this.#isKnown = isKnown;
  }

  add(name: string, ms: number): void {
    const slot = this.#of(name);
    if (slot === undefined) return;
    let index = 0;
    while (index < LIMITS_MS.length && ms > (LIMITS_MS[index] ?? Infinity)) index++;
    slot[index] = (slot[index] ?? 0) + 1;
    slot[SUM] = (slot[SUM] ?? 0) + ms;
  }

  addFailure(name: string): void {
    const slot = this.#of(name);
    if (slot !== undefined) slot[FAILURES] = (slot[FAILURES] ?? 0) + 1;
  }

  read(): Readonly<Record<string, HandlerMetrics>> {
    const toMetrics = (slot: Float64Array): HandlerMetrics => ({
      failures: slot[FAILURES] ?? 0,
      time: { limitsMs: LIMITS_MS, counts: [...slot.subarray(0, SUM)], sumMs: slot[SUM] ?? 0 },
    });
    return Object.fromEntries(Array.from(this.#slots, ([name, slot]) => [name, toMetrics(slot)]));
  }

  #of(name: string): Float64Array | undefined {
    const known = this.#slots.get(name);
    if (known !== undefined || !this.#isKnown(name)) return known;
    const slot = new Float64Array(FAILURES + 1);
    this.#slots.set(name, slot);
    return slot;
  }
}
