import { CloseCode } from "@halyard/protocol/wire";
import { Backlog } from "../delivery/backlog.ts";
import type { Connection } from "./connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { retryReason } from "../delivery/writer.ts";

export interface HeartbeatParts {
  readonly clock: Clock;
  readonly limits: ServerLimits;
  readonly connections: () => Iterable<Connection>;
}

/** A round of pings is spread over ticks of about this length. */
const TICK_MS = 1_000;

/**
 * Pings every connection, and drops those that are silent or do not read: one timer for all of them. Each connection
 * has a slice of the round, so that pings are spread and nothing is stored per connection.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #buckets: number;
  readonly #tickMs: number;
  #timer: unknown;
  #bucket = 0;
  /** Until then nobody is dropped: this node itself was not listening. */
  #graceUntil = 0;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#buckets = Math.max(1, Math.floor(parts.limits.heartbeatMs / TICK_MS));
    this.#tickMs = parts.limits.heartbeatMs / this.#buckets;
  }

  start(): void {
    const dueAt = this.#parts.clock.now() + this.#tickMs;
    this.#timer = this.#parts.clock.setTimeout(() => {
      // First of all the next one: whoever stops the heartbeat from within a tick has the last word.
      this.start();
      this.#tick(dueAt);
    }, this.#tickMs);
  }

  stop(): void {
    this.#parts.clock.clearTimeout(this.#timer);
  }

  #tick(dueAt: number): void {
    const now = this.#parts.clock.now();
    // A stalled event loop has not read what was sent to it: its own delay must not cost anyone a connection.
    const timerLagMs = now - dueAt;
    if (timerLagMs > 1_000) this.#graceUntil = now + Math.min(timerLagMs, this.#parts.limits.silenceMs);
    this.#bucket = (this.#bucket + 1) % this.#buckets;
    for (const connection of [...this.#parts.connections()]) {
      try {
        this.#checkBacklog(connection, now);
        this.#checkUnfinishedMessage(connection, now);
        this.#checkSilence(connection, now);
      } catch {
        // A socket that throws harms nobody else.
        connection.close(1011);
      }
    }
  }

  #checkSilence(connection: Connection, now: number): void {
    const { ping } = connection.transport;
    // Without pings an idle peer is silent by right.
    if (ping === undefined || connection.stage === "closed") return;
    if (now - connection.lastActivityAt > this.#parts.limits.silenceMs && now > this.#graceUntil) {
      connection.close(CloseCode.HeartbeatMissed);
      connection.transport.terminate?.(connection.ws);
      return;
    }
    if (connection.heartbeatBucket % this.#buckets === this.#bucket) ping(connection.ws);
  }

  /** Whoever begins a message ends it: what is half there takes memory, and keeps nothing else from looking alive. */
  #checkUnfinishedMessage(connection: Connection, now: number): void {
    if (connection.transport.isReceiving?.(connection.ws) !== true) {
      connection.unfinishedSince = undefined;
      return;
    }
    connection.unfinishedSince ??= now;
    // It may have begun a tick before it was seen, and the next look is a tick away.
    const { unfinishedMs } = this.#parts.limits;
    if (now - connection.unfinishedSince < unfinishedMs - 2 * this.#tickMs || now <= this.#graceUntil) return;
    connection.close(CloseCode.Unfinished, {
      reason: "unfinished message",
      limit: "unfinishedMs",
    });
  }

  #checkBacklog(connection: Connection, now: number): void {
    const bytes = connection.transport.bufferedAmount(connection.ws);
    if (bytes === 0 && connection.backlog === undefined) return;
    const backlog = (connection.backlog ??= new Backlog());
    if (bytes === 0 || bytes < backlog.bytes) backlog.stalledSince = undefined;
    else backlog.stalledSince ??= now;
    backlog.bytes = bytes;
    if (backlog.stalledSince === undefined || now - backlog.stalledSince < this.#parts.limits.stalledMs)
      return;
    connection.close(CloseCode.SlowReader, {
      reason: retryReason(this.#parts.clock),
      limit: "stalledMs",
    });
    connection.transport.terminate?.(connection.ws);
  }
}
