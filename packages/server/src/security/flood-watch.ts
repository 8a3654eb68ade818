// Counts the frames of a connection that is above its rates, second by second.
// Inbound creates one with the first frame over a rate, and drops it after a second that was no flood; on Node, FairReader
// reads a connection that floods more slowly.

/** A flood has more than this many times `limits.messagesPerSecond` in each second. */
const FACTOR = 5;
/** After so many such seconds in a row the connection is closed. */
const SECONDS = 10;
const SECOND_MS = 1_000;

/** The frames of one connection since its first frame over a rate. */
export class FloodWatch {
  readonly #most: number;
  #startedAt: number;
  #frames = 0;
  #floodedSeconds = 0;

  constructor(messagesPerSecond: number, now: number) {
    this.#most = FACTOR * messagesPerSecond;
    this.#startedAt = now;
  }

  /** The current second has had more frames than a client may send. */
  get isFlooded(): boolean {
    return this.#frames > this.#most;
  }

  /** The flood has lasted so long that the connection is to be closed. */
  get isDue(): boolean {
    return this.#floodedSeconds >= SECONDS;
  }

  /** Counts one frame. @returns false after a second that was no flood: then the watch has ended */
  add(now: number): boolean {
    const passedMs = now - this.#startedAt;
    if (passedMs >= SECOND_MS) {
      // Where nothing came for a whole second, the process may have been blocked: what follows is no flood.
      if (!this.isFlooded || passedMs >= 2 * SECOND_MS) return false;
      this.#startedAt += SECOND_MS;
      this.#frames = 0;
      this.#floodedSeconds++;
    }
    this.#frames++;
    return true;
  }
}
