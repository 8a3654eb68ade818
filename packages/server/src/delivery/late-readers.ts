// Tracks connections that have not read what was sent to them. Used by PresenceAnnouncer, which gives them no lists meanwhile, and by
// ClientRequests, which gives them no replies.
// Guarantee: each is reported once, when it has caught up or is closed.
import type { Recipient } from "./transport.ts";
import type { Clock } from "../types.ts";

/** A recipient, and the frames that it gets at the end of this turn. */
interface Reader extends Recipient {
  readonly batch: { readonly chars: number };
}

/** The dependencies of {@link LateReaders}. */
export interface LateReadersParts<TReader extends Reader> {
  readonly clock: Clock;
  /** A reader with more waiting bytes is behind; one with half of them has caught up. */
  readonly slowBytes: number;
  readonly onCaughtUp: (reader: TReader) => void;
}

/** How soon the readers are checked after one was added or has caught up. Without either, the time doubles with each check. */
const FIRST_LOOK_MS = 10;
const MAX_LOOK_MS = 500;

/** The connections that are behind. */
export class LateReaders<TReader extends Reader> {
  readonly #parts: LateReadersParts<TReader>;
  readonly #readers = new Set<TReader>();
  #timer: unknown;
  #lookMs = FIRST_LOOK_MS;

  constructor(parts: LateReadersParts<TReader>) {
    this.#parts = parts;
  }

  has(reader: TReader): boolean {
    return this.#readers.has(reader);
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Whether too much waits for a reader, the frames of this turn included. */
  isBehind(reader: TReader): boolean {
    const held = reader.backlog?.held?.otherChars ?? 0;
    return this.#waitingBytes(reader) + held + reader.batch.chars > this.#parts.slowBytes;
  }

  add(reader: TReader): void {
    this.#readers.add(reader);
    this.#timer ??= this.#parts.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, this.#lookMs);
  }

  remove(reader: TReader): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.close();
  }

  close(): void {
    this.#readers.clear();
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lookMs = FIRST_LOOK_MS;
  }

  #look(): void {
    const late = [...this.#readers];
    const caughtUp = late.filter(
      (reader) => reader.stage === "closed" || this.#waitingBytes(reader) <= this.#parts.slowBytes / 2,
    );
    this.#lookMs = caughtUp.length > 0 ? FIRST_LOOK_MS : Math.min(2 * this.#lookMs, MAX_LOOK_MS);
    for (const reader of caughtUp) this.#readers.delete(reader);
    for (const reader of this.#readers) this.add(reader);
    for (const reader of caughtUp) this.#parts.onCaughtUp(reader);
  }

  #waitingBytes({ transport, ws }: TReader): number {
    try {
      return transport.bufferedAmount(ws);
    } catch {
      // The socket is broken, and its close event follows.
      return Infinity;
    }
  }
}
