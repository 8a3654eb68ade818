import type { Socket } from "node:net";
import type { ProxyClock } from "../clock/real-clock.ts";

interface Piece {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

export interface PipeParts {
  readonly source: Socket;
  readonly sink: Socket;
  readonly clock: ProxyClock;
  readonly random: () => number;
  /** So many bytes have passed as were allowed to. */
  readonly spent: () => void;
}

/** What waits here, before the source is not read any more: enough for a delay, too little to hide a slow reader. */
const HIGH_WATER = 256 * 1024;
/** A limited pipe passes this long's bytes at a time. */
const SLICE_MS = 20;

/** One direction of a proxied connection: bytes come out as they went in, later, slower, or not at all. */
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
  #pieces: Piece[] = [];
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

  /** Passes what may pass now. To be called after a setting has changed. */
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
    if (this.#hasEnded && this.#pieces.length === 0) this.#parts.sink.end();
  }

  /** Ends every fault. What has waited need not wait any longer. */
  release(): void {
    this.delayMs = this.jitterMs = this.#lastDueAt = this.#freeAt = 0;
    this.bytesPerSecond = this.allowance = Infinity;
    this.isStalled = false;
    this.#pieces = this.#pieces.map(({ bytes }) => ({ bytes, dueAt: 0 }));
    if (!this.#isStopped) this.pump();
  }

  /** From here on whatever comes is thrown away; but it is read, so that the end of the source is noticed. */
  stop(): void {
    const { clock, source } = this.#parts;
    clock.clearTimeout(this.#timer);
    this.#isStopped = true;
    this.#pieces = [];
    source.resume();
    if (this.#hasEnded) source.destroy();
  }

  #take(bytes: Buffer): void {
    if (this.#isStopped) return;
    const { clock, random } = this.#parts;
    const dueAt = clock.now() + this.delayMs + random() * this.jitterMs;
    // Later bytes never overtake earlier ones, whatever chance says.
    this.#lastDueAt = Math.max(this.#lastDueAt, dueAt);
    this.#pieces.push({ bytes, dueAt: this.#lastDueAt });
    this.#waiting += bytes.length;
    this.pump();
  }

  /** How long the next bytes have to wait; for ever, when there are none or when time alone does not help. */
  #waitMs(): number {
    const [first] = this.#pieces;
    if (!first || this.isStalled || this.#isStopped || this.#isFull) return Infinity;
    return Math.max(0, first.dueAt - this.#parts.clock.now(), this.#freeAt - this.#parts.clock.now());
  }

  #pass(): void {
    const piece = this.#pieces.shift();
    if (!piece) return;
    const slice = Math.max(1, Math.floor((this.bytesPerSecond * SLICE_MS) / 1_000));
    const length = Math.min(piece.bytes.length, slice, this.allowance);
    const rest = piece.bytes.subarray(length);
    if (rest.length > 0) this.#pieces.unshift({ bytes: rest, dueAt: piece.dueAt });
    if (this.bytesPerSecond < Infinity)
      this.#freeAt = this.#parts.clock.now() + (length / this.bytesPerSecond) * 1_000;
    this.#waiting -= length;
    this.allowance -= length;
    this.bytes += length;
    const isSpent = this.allowance <= 0;
    if (isSpent) this.isStalled = true;
    // Written means handed to the kernel: a reset after that still lets the other end read it.
    this.#isFull = !this.#parts.sink.write(piece.bytes.subarray(0, length), () => {
      if (isSpent) this.#parts.spent();
    });
  }
}
