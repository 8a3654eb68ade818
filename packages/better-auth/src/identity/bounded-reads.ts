// Reads of the session store for upgrades, so many at a time: after a deploy every client comes back within seconds.
// The upgrade authenticator makes every read of the store through it.
// Guarantees that reads begin in the order in which they were asked for, and that a read whose request is long gone is not made.
import type { SessionClock } from "../options.ts";

/** Below what a pool of database connections takes by default, several times over. */
const MAX_READS = 32;
/** More than the handshakes that a server may be set to have under way. */
const MAX_WAITING = 20_000;
/** As long as a handshake takes at most, unless the application says otherwise. */
const MAX_WAIT_MS = 10_000;

export interface BoundedReadsParts {
  readonly clock: Pick<SessionClock, "now">;
  /** Makes the error for a read that is not made. */
  readonly unavailable: (cause: unknown) => Error;
}

export class BoundedReads {
  readonly #parts: BoundedReadsParts;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(parts: BoundedReadsParts) {
    this.#parts = parts;
  }

  /** @throws what `unavailable` gives, when too many reads wait or this one has waited for too long */
  async run<TValue>(read: () => Promise<TValue>): Promise<TValue> {
    const { clock, unavailable } = this.#parts;
    const askedAt = clock.now();
    await this.#slot();
    try {
      if (clock.now() - askedAt > MAX_WAIT_MS)
        throw unavailable(new Error("The read has waited for too long."));
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
      throw this.#parts.unavailable(new Error("Too many reads of the session store wait."));
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
