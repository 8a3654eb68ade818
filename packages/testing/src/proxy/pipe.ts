// One direction of a proxied connection, with the faults that hold bytes back.
// Made by a proxied connection, twice.
// Guarantee: bytes keep their order, and the source is paused before much is stored.
import type { Socket } from "node:net";
import type { TimerClock } from "../clock/real-clock.ts";

interface Chunk {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

export interface PipeParts {
  readonly source: Socket;
  readonly sink: Socket;
  readonly clock: TimerClock;
  readonly random: () => number;
  /** The last byte of the allowance has passed. */
  readonly onAllowanceUsed: () => void;
}

/** Bytes that wait before the source is paused: enough for a delay, too few to hide a slow reader. */
const HIGH_WATER = 256 * 1024;
/** A limited pipe passes the bytes of so many milliseconds at a time. */
const SLICE_MS = 20;

/** Passes bytes from a source to a sink: at once, later, slower, or not at all. */
export class Pipe {
  /** How many bytes have passed. */
  bytes = 0;
  delayMs = 0;
  jitterMs = 0;
  bytesPerSecond = Infinity;
  isStalled = false;
  /** How many bytes may pass until the connection is cut. */
  allowance = Infinity;
  readonly #parts: PipeParts;
  #chunks: Chunk[] = [];
  #waiting = 0;
  #lastDueAt = 0;
  /** When the next byte may pass, where there is a limit. */
  #freeAt = 0;
  #timer: unknown;
  #isFull = false;
  #hasEnded = false;
  #isStopped = false;

  constructor(parts: PipeParts) {
    this.#parts = parts;
    const { source, sink } = parts;
    source.on("data", (bytes: Buffer) => this.#take(bytes));
    source.on("end", () => {
      this.#hasEnded = true;
      if (this.#isStopped) source.destroy();
      else this.pump();
    });
    sink.on("drain", () => {
      this.#isFull = false;
      this.pump();
    });
  }

  /** Passes the bytes that may pass now. Called after a setting has changed. */
  pump(): void {
    const { clock, source } = this.#parts;
    clock.clearTimeout(this.#timer);
    for (let waitMs = this.#waitMs(); waitMs < Infinity; waitMs = this.#waitMs()) {
      if (waitMs > 0) {
        this.#timer = clock.setTimeout(() => this.pump(), waitMs);
        break;
      }
      this.#pass();
    }
    if (this.isStalled || this.#waiting > HIGH_WATER) source.pause();
    else source.resume();
    if (this.#hasEnded && this.#chunks.length === 0) this.#parts.sink.end();
  }

  /** Ends every fault, and passes the bytes that waited. */
  release(): void {
    this.delayMs = this.jitterMs = this.#lastDueAt = this.#freeAt = 0;
    this.bytesPerSecond = this.allowance = Infinity;
    this.isStalled = false;
    this.#chunks = this.#chunks.map(({ bytes }) => ({ bytes, dueAt: 0 }));
    if (!this.#isStopped) this.pump();
  }

  /** Drops all bytes from now on. They are still read, because only a read finds the end of the source. */
  stop(): void {
    const { clock, source } = this.#parts;
    clock.clearTimeout(this.#timer);
    this.#isStopped = true;
    this.#chunks = [];
    source.resume();
    if (this.#hasEnded) source.destroy();
  }

  #take(bytes: Buffer): void {
    if (this.#isStopped) return;
    const { clock, random } = this.#parts;
    const dueAt = clock.now() + this.delayMs + random() * this.jitterMs;
    // Later bytes never overtake earlier ones, whatever jitter they draw.
    this.#lastDueAt = Math.max(this.#lastDueAt, dueAt);
    this.#chunks.push({ bytes, dueAt: this.#lastDueAt });
    this.#waiting += bytes.length;
    this.pump();
  }

  /** How long the next bytes wait; Infinity when there are none, or when time alone does not help. */
  #waitMs(): number {
    const [first] = this.#chunks;
    if (!first || this.isStalled || this.#isStopped || this.#isFull) return Infinity;
    return Math.max(0, first.dueAt - this.#parts.clock.now(), this.#freeAt - this.#parts.clock.now());
  }

  #pass(): void {
    const chunk = this.#chunks.shift();
    if (!chunk) return;
    const slice = Math.max(1, Math.floor((this.bytesPerSecond * SLICE_MS) / 1_000));
    const length = Math.min(chunk.bytes.length, slice, this.allowance);
    const rest = chunk.bytes.subarray(length);
    if (rest.length > 0) this.#chunks.unshift({ bytes: rest, dueAt: chunk.dueAt });
    if (this.bytesPerSecond < Infinity)
      this.#freeAt = this.#parts.clock.now() + (length / this.bytesPerSecond) * 1_000;
    this.#waiting -= length;
    this.allowance -= length;
    this.bytes += length;
    const isUsedUp = this.allowance <= 0;
    if (isUsedUp) this.isStalled = true;
    // The callback runs when the kernel has the bytes: the other end can still read them after a reset.
    this.#isFull = !this.#parts.sink.write(chunk.bytes.subarray(0, length), () => {
      if (isUsedUp) this.#parts.onAllowanceUsed();
    });
  }
}
