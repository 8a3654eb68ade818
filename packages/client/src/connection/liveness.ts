import { Alarm } from "../common/clock.ts";
import type { Clock } from "../common/clock.ts";

/** An answer to a probe must come within this time; after waking up, sooner. */
const ANSWER_MS = 5_000;
const WAKE_ANSWER_MS = 3_000;
/** A timer that rings so much too late has slept: what the network brought meanwhile may not have been read yet. */
const LATE_MS = 1_000;

export interface LivenessHost {
  readonly clock: Clock;
  ping(): void;
  dead(): void;
}

/**
 * Finds out whether anybody is at the other end. The server's WebSocket pings are invisible in a browser, and a
 * frozen or hidden page has no timers worth the name: so it goes by elapsed time, whenever it happens to run.
 */
export class Liveness {
  readonly #host: LivenessHost;
  readonly #alarm: Alarm;
  #silenceMs = 0;
  #heardAt = 0;
  #isProbing = false;

  constructor(host: LivenessHost) {
    this.#host = host;
    this.#alarm = new Alarm(host.clock);
  }

  /** @param silenceMs how long the other end may say nothing before it is asked */
  start(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    this.heard();
    this.#listen();
  }

  stop(): void {
    this.#alarm.clear();
    this.#isProbing = false;
    this.#silenceMs = 0;
  }

  /** Anything at all came in. */
  heard(): void {
    this.#heardAt = this.#host.clock.now();
    this.#isProbing = false;
  }

  /** The page or the network is back. A probe that is under way goes on: waking often must not put it off for ever. */
  wake(): void {
    if (this.#silenceMs > 0 && !this.#isProbing) this.#probe(WAKE_ANSWER_MS);
  }

  #listen(): void {
    const now = this.#host.clock.now();
    // After a clock was set back, the time counts from there.
    this.#heardAt = Math.min(this.#heardAt, now);
    const leftMs = this.#heardAt + this.#silenceMs - now;
    if (leftMs > 0) this.#alarm.set(leftMs, () => this.#listen());
    else this.#probe(ANSWER_MS);
  }

  #probe(answerMs: number, isSecond = false): void {
    const dueAt = this.#host.clock.now() + answerMs;
    this.#isProbing = true;
    this.#host.ping();
    this.#alarm.set(answerMs, () => {
      if (!this.#isProbing) this.#listen();
      else if (!isSecond && this.#host.clock.now() - dueAt > LATE_MS) this.#probe(WAKE_ANSWER_MS, true);
      else this.#host.dead();
    });
  }
}
