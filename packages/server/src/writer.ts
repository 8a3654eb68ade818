import { CloseCode } from "@halyard/protocol/wire";
import { Choir } from "./choir.js";
import type { Connection } from "./connection.js";
import { Batch } from "./frame.js";
import { OPEN } from "./transport.js";
import type { ServerLimits } from "./limits.js";
import type { Clock } from "./types.js";

/** What a connection did wrong while it was written to. */
export type WriteFailure = (connection: Connection, code: number, reason: string) => void;

/**
 * The one place where frames leave. All frames of a turn are written together, once per connection, when the turn has
 * handled its input; so a busy node makes fewer and larger writes by itself, and an idle one waits for nothing.
 */
export class Writer {
  /** Where every batch begins. */
  empty = new Batch();
  readonly #clock: Clock;
  readonly #limits: ServerLimits;
  readonly #fail: WriteFailure;
  #dirty: Connection[] = [];
  /** Of this turn. */
  #choirs: Choir[] = [];
  readonly #flushSoon: () => void;

  constructor(clock: Clock, limits: ServerLimits, fail: WriteFailure) {
    this.#clock = clock;
    this.#limits = limits;
    this.#fail = fail;
    this.#flushSoon = () => {
      this.flush();
    };
  }

  enqueue(connection: Connection): void {
    if (this.#dirty.length === 0) this.#clock.setImmediate(this.#flushSoon);
    this.#dirty.push(connection);
  }

  /** For frames that many get in this turn. */
  openChoir(): Choir {
    const choir = new Choir(this.empty);
    this.#choirs.push(choir);
    return choir;
  }

  flush(): void {
    const dirty = this.#dirty;
    const choirs = this.#choirs;
    this.#dirty = [];
    this.#choirs = [];
    for (const choir of choirs) choir.isOver = true;
    for (const connection of dirty) this.write(connection);
    for (const choir of choirs) choir.end(this.empty);
    // Nobody else gets the frames of this turn.
    this.empty.forget();
  }

  /** Writes what waits for one connection now. A socket that throws is closed, and harms nobody else. */
  write(connection: Connection): void {
    if (connection.stage === "closed" || connection.ws.readyState !== OPEN) {
      connection.takeBatch();
      return;
    }
    const batch = connection.takeBatch();
    if (batch.length === 0) return;
    const { ws, transport } = connection;
    try {
      const buffered = transport.bufferedAmount(ws);
      // A replay goes first, so of what waits no more can be of it than there is.
      const ofReplay = Math.min(connection.replayBytes, buffered);
      connection.replayBytes = ofReplay + connection.queuedReplayBytes;
      connection.queuedReplayBytes = 0;
      const waiting = buffered - ofReplay;
      if (waiting > this.#limits.maxBufferedBytes) {
        this.#fail(connection, CloseCode.SlowReader, retryReason(this.#clock));
        return;
      }
      const isSlow = waiting > this.#limits.slowBytes && batch.hasEphemeral;
      if (!transport.write(ws, isSlow ? this.#withoutEphemeral(batch) : batch)) {
        this.#fail(connection, CloseCode.SlowReader, retryReason(this.#clock));
      }
    } catch {
      // The socket is broken: whatever it says, its close event or the heartbeat ends it.
      this.#fail(connection, 1011, "");
    }
  }

  #withoutEphemeral(batch: Batch): Batch {
    let rest = this.empty;
    for (const frame of batch.frames()) if (!frame.ephemeral) rest = rest.with(frame);
    return rest;
  }
}

/** A reader that was too slow comes back, but not with all the others. */
export function retryReason(clock: Clock): string {
  return `retryAfterMs=${String(Math.round(500 + clock.random() * 1_500))}`;
}
