// Finds out whether the server still answers, with a probe after a period of silence.
// Started by the connection with each welcome, and stopped when the connection is lost.
// A silent connection ends 5 s after the silence that the welcome allows; after waking up, after 3 s.
import { dateOf } from "@halyard/protocol/internal";
import type { Clock } from "../common/clock.ts";
import { Timer } from "../common/timer.ts";

/** How long the server has to answer a probe. */
const ANSWER_MS = 5_000;
/** The same after the page woke up, when the user is waiting. */
const ANSWER_AFTER_WAKE_MS = 3_000;
/** If a timer is this late, the machine has slept, and received data may still be unread. */
const TIMER_LAG_MS = 1_000;

export interface LivenessCallbacks {
  write(text: string): void;
  /** The server has not answered. */
  onDead(): void;
}

/**
 * Browsers hide WebSocket pings from the page, and a frozen or hidden page has no reliable timers. So every decision
 * depends on elapsed time, whenever a timer happens to run.
 */
export class Liveness {
  readonly #clock: Clock;
  readonly #callbacks: LivenessCallbacks;
  readonly #timer: Timer;
  #silenceMs = 0;
  #activeAt = 0;
  #isProbing = false;

  constructor(clock: Clock, callbacks: LivenessCallbacks) {
    this.#clock = clock;
    this.#callbacks = callbacks;
    this.#timer = new Timer(clock);
  }

  /** @param silenceMs how long the server may be silent before the first probe */
  start(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    this.onActivity();
    this.#scheduleProbe();
  }

  stop(): void {
    this.#timer.clear();
  }

  /** Call when any data was received. */
  onActivity(): void {
    this.#activeAt = dateOf(this.#clock);
    this.#isProbing = false;
  }

  /** Probes now; call only between `start` and `stop`. A running probe continues, because a page that wakes often must not postpone its end forever. */
  wake(): void {
    if (!this.#isProbing) this.#probe(ANSWER_AFTER_WAKE_MS);
  }

  #scheduleProbe(): void {
    const now = dateOf(this.#clock);
    // The date advances while the machine sleeps. If it was set back, the silence counts from the new date.
    this.#activeAt = Math.min(this.#activeAt, now);
    const leftMs = this.#activeAt + this.#silenceMs - now;
    if (leftMs > 0) this.#timer.set(leftMs, () => this.#scheduleProbe());
    else this.#probe(ANSWER_MS);
  }

  #probe(answerMs: number, isRetry = false): void {
    const dueAt = dateOf(this.#clock) + answerMs;
    this.#isProbing = true;
    this.#callbacks.write('{"type":"ping"}');
    this.#timer.set(answerMs, () => {
      if (!this.#isProbing) this.#scheduleProbe();
      else if (!isRetry && dateOf(this.#clock) - dueAt > TIMER_LAG_MS)
        this.#probe(ANSWER_AFTER_WAKE_MS, true);
      else this.#callbacks.onDead();
    });
  }
}
