// Limits how many reads of the session store run at a time, because after a deployment every client reconnects within seconds.
// The upgrade authenticator makes all its reads of the store through it.
// Guarantees that reads begin in the order of their requests, and that a read whose request was abandoned long ago is not made.
import type { SessionClock } from "../options.ts";

/** How many reads run at a time, so that a database pool with default settings can take them. */
const MAX_READS = 32;
/** How many reads may wait: more than the handshakes that a server may have at a time. */
const MAX_WAITING = 20_000;
/** How long a read may wait: the default time limit of a handshake. */
const MAX_WAIT_MS = 10_000;

export interface BoundedReadsParts {
  readonly clock: Pick<SessionClock, "now">;
  /** Creates the error for a read that is not made. */
  readonly overloaded: (reason: string) => Error;
}

export class BoundedReads {
  readonly #parts: BoundedReadsParts;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(parts: BoundedReadsParts) {
    this.#parts = parts;
  }

  /** @throws the error from `overloaded`, if too many reads wait or this one has waited for too long */
  async run<TValue>(read: () => Promise<TValue>): Promise<TValue> {
    const { clock, overloaded } = this.#parts;
    const askedAt = clock.now();
    await this.#slot();
    try {
      if (clock.now() - askedAt > MAX_WAIT_MS) throw overloaded("The read has waited for too long.");
      return await read();
    } finally {
      this.#release();
    }
  }

  #slot(): undefined | Promise<void> {
    if (this.#running < MAX_READS) {
      this.#running += 1;
      return undefined;
    }
    if (this.#waiting.size >= MAX_WAITING)
      throw this.#parts.overloaded("Too many reads of the session store wait.");
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** The next read takes over the slot. */
  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
