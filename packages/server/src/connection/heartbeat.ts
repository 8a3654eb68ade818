import { CloseCode } from "@halyard/protocol/wire";
import { Backlog } from "../delivery/backlog.ts";
import type { Connection } from "./connection.ts";
import { REPEATED_MS } from "./inbound-message.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { retryReason } from "../delivery/writer.ts";

export interface HeartbeatParts {
  readonly clock: Clock;
  readonly limits: ServerLimits;
  readonly connections: () => Iterable<Connection>;
  readonly rateLimits: RateLimits;
  /** Pending rooms are joined only while the backplane can be used. */
  readonly monitor: { readonly isSettled: boolean };
  readonly rooms: { joinPending(connection: Connection, room: string): Promise<void> };
}

/** A heartbeat round is split into ticks of about this length. */
const TICK_MS = 1_000;

/**
 * Pings every connection, and closes those that are silent, do not read, or never finish a message. One timer serves all
 * connections: each belongs to one bucket of the round, so pings are spread and no timer exists per connection.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #buckets: number;
  readonly #tickMs: number;
  #timer: unknown;
  #bucket = 0;
  /** No silent connection is closed before this time, because the event loop of this node was blocked. */
  #graceUntil = 0;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#buckets = Math.max(1, Math.floor(parts.limits.heartbeatMs / TICK_MS));
    this.#tickMs = parts.limits.heartbeatMs / this.#buckets;
  }

  start(): void {
    const dueAt = this.#parts.clock.now() + this.#tickMs;
    this.#timer = this.#parts.clock.setTimeout(() => {
      // The next tick is scheduled first, so that a `stop` during this tick cancels it.
      this.start();
      this.#tick(dueAt);
    }, this.#tickMs);
  }

  stop(): void {
    this.#parts.clock.clearTimeout(this.#timer);
  }

  #tick(dueAt: number): void {
    const now = this.#parts.clock.now();
    // A blocked event loop has not read what peers sent, so its own delay must not close their connections.
    const timerLagMs = now - dueAt;
    if (timerLagMs > 1_000) this.#graceUntil = now + Math.min(timerLagMs, this.#parts.limits.silenceMs);
    this.#bucket = (this.#bucket + 1) % this.#buckets;
    const connections = [...this.#parts.connections()];
    this.#parts.rateLimits.sweep(connections);
    for (const connection of connections) {
      // Closed since the round began: its socket still has to send the close code.
      if (connection.stage === "closed") continue;
      this.#joinPending(connection);
      if (now - connection.authenticatedAt > REPEATED_MS) connection.begunBefore = undefined;
      try {
        this.#checkBacklog(connection, now);
        this.#checkUnfinishedMessage(connection, now);
        this.#checkSilence(connection, now);
      } catch {
        // A socket that throws must not stop the round.
        connection.close(1011);
      }
    }
  }

  #joinPending(connection: Connection): void {
    const { clock, monitor, rateLimits, rooms } = this.#parts;
    if (connection.pendingRooms?.size === 0) connection.pendingRooms = undefined;
    void connection.pendingRooms?.joinDue(
      (isPaid) =>
        connection.stage !== "closed" &&
        monitor.isSettled &&
        (isPaid || rateLimits.takeHelloRooms(connection, 1) === 1),
      (room) => rooms.joinPending(connection, room),
      clock,
    );
  }

  #checkSilence(connection: Connection, now: number): void {
    const { ping } = connection.transport;
    // A transport without pings cannot tell an idle peer from a dead one.
    if (ping === undefined || connection.stage === "closed") return;
    if (now - connection.lastActivityAt > this.#parts.limits.silenceMs && now > this.#graceUntil) {
      connection.close(CloseCode.HeartbeatMissed);
      connection.transport.terminate?.(connection.ws);
      return;
    }
    if (connection.heartbeatBucket % this.#buckets === this.#bucket) ping(connection.ws);
  }

  /** Closes a connection whose message is unfinished for too long: it takes memory, and its fragments count as activity. */
  #checkUnfinishedMessage(connection: Connection, now: number): void {
    if (connection.transport.isReceiving?.(connection.ws) !== true) {
      connection.unfinishedSince = undefined;
      return;
    }
    connection.unfinishedSince ??= now;
    // The message may have begun one tick before it was noticed, and the next check is one tick away.
    const { unfinishedMs } = this.#parts.limits;
    if (now - connection.unfinishedSince < unfinishedMs - 2 * this.#tickMs || now <= this.#graceUntil) return;
    connection.close(CloseCode.Unfinished, {
      reason: "unfinished message",
      limit: "unfinishedMs",
    });
  }

  /** Closes a stalled connection. A peer that reads slowly is not stalled: what counts is whether bytes left since the last tick. */
  #checkBacklog(connection: Connection, now: number): void {
    const { transport, ws } = connection;
    const bytes = transport.bufferedAmount(ws);
    if (bytes === 0 && connection.backlog === undefined) return;
    const backlog = (connection.backlog ??= new Backlog());
    const hadWaiting = backlog.bytes > 0;
    const sentBytes = transport.sentBytes?.(ws) ?? 0;
    const hasProgress =
      transport.sentBytes === undefined ? bytes < backlog.bytes : sentBytes > backlog.sentBytes;
    backlog.bytes = bytes;
    backlog.sentBytes = sentBytes;
    // Waiting bytes leave only when the peer has read earlier ones.
    if (hadWaiting && hasProgress) connection.onProgress(now);
    if (bytes === 0) backlog.stalledSince = undefined;
    else backlog.stalledSince ??= now;
    if (backlog.stalledSince === undefined || now - backlog.stalledSince < this.#parts.limits.stalledMs)
      return;
    connection.close(CloseCode.SlowReader, {
      reason: retryReason(this.#parts.clock),
      limit: "stalledMs",
    });
    transport.terminate?.(ws);
  }
}
