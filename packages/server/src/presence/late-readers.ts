// Tracks the subscribers of a presence list that read too slowly to get changes of states. Used by PresenceAnnouncer.
// Guarantee: a reader that missed a change gets a fresh list once it reads again, and no changes of states before that.
import type { Recipient } from "../delivery/transport.ts";
import type { Clock } from "../types.ts";

/** The dependencies of {@link LateReaders}. */
export interface LateReadersParts<TReader extends Recipient> {
  readonly clock: Clock;
  /** A reader with fewer waiting bytes has caught up. */
  readonly slowBytes: number;
  readonly onCaughtUp: (reader: TReader) => void;
}

/** How often the readers are checked. */
const LOOK_MS = 500;

/** The readers that are behind. */
export class LateReaders<TReader extends Recipient> {
  readonly #parts: LateReadersParts<TReader>;
  readonly #readers = new Set<TReader>();
  #timer: unknown;

  constructor(parts: LateReadersParts<TReader>) {
    this.#parts = parts;
  }

  has(reader: TReader): boolean {
    return this.#readers.has(reader);
  }

  add(reader: TReader): void {
    this.#readers.add(reader);
    this.#timer ??= this.#parts.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, LOOK_MS);
  }

  remove(reader: TReader): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.close();
  }

  close(): void {
    this.#readers.clear();
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const reader of readers)
      if (this.#isSlow(reader)) this.add(reader);
      else this.#parts.onCaughtUp(reader);
  }

  #isSlow({ transport, ws }: TReader): boolean {
    try {
      return transport.bufferedAmount(ws) > this.#parts.slowBytes / 2;
    } catch {
      // The socket is broken, and its close event follows.
      return true;
    }
  }
}
