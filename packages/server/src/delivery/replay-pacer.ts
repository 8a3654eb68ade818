// Sends long replays in pieces, each one when the socket has sent the previous one, with a ping in between.
// The writer passes it the batch of each connection that has a backlog, and writes what it returns.
// Guarantees: frames of one connection keep their order; a piece is at most 64 KiB, or one frame; a peer that reads at all proves
// it by its pongs, however much of the replay the kernel and the network buffer.
import type { Clock } from "../types.ts";
import type { Backlog } from "./backlog.ts";
import { HeldFrames } from "./held-frames.ts";
import type { Batch } from "./outbound-frame.ts";
import type { Recipient } from "./transport.ts";

/** How much of a replay a connection gets in one turn, in characters. */
const PIECE_CHARS = 64 * 1024;
/** The next piece is sent when at most this many bytes wait at the socket, so that the line is always busy. */
const LOW_BYTES = 16 * 1024;
/** How often sockets with further pieces are checked. Bun reports that a socket has drained, Node does not for every write. */
const POLL_MS = 50;

/** The dependencies of {@link ReplayPacer}. */
export interface ReplayPacerParts {
  readonly clock: Clock;
  /** Schedules the frames of a connection to be written at the end of this turn. */
  readonly enqueue: (connection: Recipient) => void;
}

/** The frames that a flush is about to write to a connection. */
export interface FlushedBatch {
  readonly batch: Batch;
  readonly empty: Batch;
  /** The bytes that wait at the socket. */
  readonly bufferedBytes: number;
  /** The number of the flush. */
  readonly flush: number;
}

/** Holds back the part of a replay that a slow line cannot take yet, and the frames after it. */
export class ReplayPacer {
  readonly #parts: ReplayPacerParts;
  readonly #waiting = new Set<Recipient>();
  #isPolling = false;

  constructor(parts: ReplayPacerParts) {
    this.#parts = parts;
  }

  /** @returns the frames to write now, if any */
  next(connection: Recipient, backlog: Backlog, flushed: FlushedBatch): Batch | undefined {
    const { batch, empty, bufferedBytes, flush } = flushed;
    const replayChars = backlog.queuedReplayBytes;
    backlog.queuedReplayBytes = 0;
    if (backlog.held === undefined && replayChars <= PIECE_CHARS) {
      backlog.replayBytes += replayChars;
      return batch;
    }
    const isFirst = backlog.held === undefined;
    const held = (backlog.held ??= new HeldFrames());
    held.add(batch, replayChars);
    if (held.lastFlush === flush) return undefined;
    if (bufferedBytes > LOW_BYTES) {
      this.#wait(connection);
      return undefined;
    }
    held.lastFlush = flush;
    this.#waiting.delete(connection);
    if (!isFirst) ping(connection, backlog);
    const taken = held.take(PIECE_CHARS, empty);
    backlog.replayBytes += taken.replayChars;
    if (held.isEmpty) backlog.held = undefined;
    else this.#parts.enqueue(connection);
    return taken.piece;
  }

  /** Call when the connection is closed. Held frames are dropped, because the client resumes before them. */
  forget(connection: Recipient): void {
    this.#waiting.delete(connection);
    if (connection.backlog !== undefined) connection.backlog.held = undefined;
  }

  #wait(connection: Recipient): void {
    this.#waiting.add(connection);
    this.#pollLater();
  }

  #pollLater(): void {
    if (this.#isPolling || this.#waiting.size === 0) return;
    this.#isPolling = true;
    this.#parts.clock.setTimeout(this.#poll, POLL_MS);
  }

  readonly #poll = (): void => {
    this.#isPolling = false;
    for (const connection of this.#waiting) {
      if (!hasDrained(connection)) continue;
      this.#waiting.delete(connection);
      this.#parts.enqueue(connection);
    }
    this.#pollLater();
  };
}

/** Sends a ping, whose pong proves that the peer has read the pieces before it. */
function ping({ transport, ws }: Recipient, backlog: Backlog): void {
  if (transport.ping === undefined) return;
  transport.ping(ws);
  backlog.unansweredPings++;
}

function hasDrained({ transport, ws }: Recipient): boolean {
  try {
    return transport.bufferedAmount(ws) <= LOW_BYTES;
  } catch {
    // The socket is broken. Return true, so that the flush notices and closes the connection.
    return true;
  }
}
