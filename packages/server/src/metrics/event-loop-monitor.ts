// Measures the lag of this process' event loop: how late a due timer runs.
// The manager starts and stops it; the upgrade limiter reads `lagMs`, the metrics read `lag`.
// Guarantees: one timer, and a bounded number of samples under any load.
import type { Logger } from "../logger.ts";
import type { Clock } from "../types.ts";

const SAMPLE_MS = 100;
/** The samples of ten seconds. */
const SAMPLES = 100;
/** A delay that every user of this process notices. */
const STALL_MS = 500;
const WARNING_INTERVAL_MS = 60_000;

/** How late the event loop was in the last ten seconds, in ms. */
export interface EventLoopLag {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Measures the lag of the event loop. */
export class EventLoopMonitor {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #samples: number[] = [];
  #next = 0;
  #latestMs = 0;
  #dueAt = Infinity;
  #timer: unknown;
  #stalls = 0;
  #warnAt = -Infinity;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Starts measuring. The first sample is dropped, because a starting application may block the loop before anyone is connected. */
  start(): void {
    this.#schedule(() => {
      this.#schedule(this.#sample);
    });
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  /** The lag of the latest sample, or of the overdue one, in ms. */
  get lagMs(): number {
    return Math.max(this.#latestMs, this.#clock.now() - this.#dueAt);
  }

  /** The lag over the last ten seconds, in ms. */
  get lag(): EventLoopLag {
    const sorted = this.#samples.toSorted((a, b) => a - b);
    const percentile = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    return { p50: percentile(0.5), p99: percentile(0.99), max: percentile(1) };
  }

  #schedule(callback: () => void): void {
    this.#dueAt = this.#clock.now() + SAMPLE_MS;
    this.#timer = this.#clock.setTimeout(callback, SAMPLE_MS);
  }

  readonly #sample = (): void => {
    const now = this.#clock.now();
    this.#latestMs = Math.max(0, now - this.#dueAt);
    this.#samples[this.#next] = this.#latestMs;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#schedule(this.#sample);
    if (this.#latestMs >= STALL_MS) this.#warn(now);
  };

  /** Logs the first stall at once; the next line counts the stalls of the following minute. */
  #warn(now: number): void {
    this.#stalls++;
    if (now < this.#warnAt) return;
    const lagMs = Math.round(this.#latestMs);
    this.#logger.warn(
      { lagMs, stalls: this.#stalls },
      `the event loop was blocked for ${String(lagMs)} ms: no message was read or sent meanwhile`,
    );
    this.#stalls = 0;
    this.#warnAt = now + WARNING_INTERVAL_MS;
  }
}
