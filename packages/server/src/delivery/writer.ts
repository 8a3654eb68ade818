// The only place where frames leave the node.
// A connection enqueues itself with its first frame of a turn; the flush runs when the turn has handled its input.
// Each connection gets one write per turn, and a socket that throws or is too slow affects no other.

import { CloseCode } from "@halyard/protocol/wire";
import type { Backlog } from "./backlog.ts";
import { BatchGroup } from "./batch-group.ts";
import type { Recipient, GroupBroadcast } from "./transport.ts";
import { Batch } from "./outbound-frame.ts";
import { RefreshedFrame } from "./refreshed-frame.ts";
import { OPEN } from "./ready-state.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { ReplayPacer } from "./replay-pacer.ts";
import { MIN_GROUP_SIZE } from "./topic-broadcaster.ts";

/** Counts the frames that are sent. */
export interface SentFrames {
  addFrame(text: string, deliveries: number): unknown;
}

interface Failure {
  readonly connection: Recipient;
  readonly code: number;
}

/** The frames of one connection that are about to be written. */
interface PendingWrite {
  readonly connection: Recipient;
  readonly batch: Batch;
}

/**
 * How many connections are prepared before they are written to. A write evicts most of the processor's cache, and preparing
 * several at once overlaps their cache misses (16 frames under way: 0.93 -> 0.90 of the time, 2026-11-25).
 */
const PREPARE_AHEAD = 16;

/**
 * Writes all frames of a turn together, once per connection. A busy node thus makes fewer and larger writes, and an idle node
 * does not wait.
 */
export class Writer {
  /** The empty batch with which every connection starts a turn. */
  empty = new Batch();
  /** How many ephemeral frames were dropped for slow readers. */
  dropped = 0;
  /** Counts the sent frames. */
  readonly #sent: SentFrames;
  /** False when HALYARD_BATCH_GROUPS=off switches the groups off (see batch-group.ts). */
  usesBatchGroups = true;
  readonly #clock: Clock;
  readonly #limits: ServerLimits;
  #dirty: Recipient[] = [];
  /** The bytes that wait at the socket of the connection prepared last. */
  #buffered = 0;
  /** The batch groups of this turn. */
  #groups: BatchGroup[] = [];
  #flushes = 0;
  /** The distinct batches of the current flush. */
  readonly #delivered: Batch[] = [];
  readonly #replayPacer: ReplayPacer;
  readonly #flushSoon: () => void;

  constructor(clock: Clock, limits: ServerLimits, sent: SentFrames = { addFrame: () => "" }) {
    this.#sent = sent;
    this.#clock = clock;
    this.#limits = limits;
    this.#replayPacer = new ReplayPacer({
      clock,
      enqueue: (connection) => {
        this.enqueue(connection);
      },
    });
    this.#flushSoon = () => {
      this.flush();
    };
  }

  enqueue(connection: Recipient): void {
    if (this.#dirty.length === 0) this.#clock.setImmediate(this.#flushSoon);
    this.#dirty.push(connection);
  }

  /** Opens a batch group for this turn. @returns undefined when groups are switched off */
  openGroup(): BatchGroup | undefined {
    if (!this.usesBatchGroups) return undefined;
    const group = new BatchGroup(this.empty);
    this.#groups.push(group);
    return group;
  }

  flush(): void {
    const dirty = this.#dirty;
    const groups = this.#groups;
    this.#flushes++;
    this.#dirty = [];
    this.#groups = [];
    for (const group of groups) group.seal();
    const failures: Failure[] = [];
    const broadcasters = new Set<GroupBroadcast>();
    const due: PendingWrite[] = [];
    for (const connection of dirty) {
      const batch = this.#prepare(connection, failures);
      if (batch === undefined) continue;
      this.#count(batch);
      const broadcaster = dirty.length < MIN_GROUP_SIZE ? undefined : connection.transport.groupBroadcast;
      if (broadcaster !== undefined) broadcasters.add(broadcaster);
      if (broadcaster?.offer(connection, batch, this.#buffered) === true) continue;
      if (due.push({ connection, batch }) === PREPARE_AHEAD) this.#sendAll(due, failures);
    }
    this.#sendAll(due, failures);
    for (const broadcaster of broadcasters)
      broadcaster.flush(
        (connection, batch) => {
          this.#send(connection, batch, failures);
        },
        (connection) => {
          failures.push({ connection, code: 1011 });
        },
      );
    this.#tally();
    for (const group of groups) group.reset(this.empty);
    // No later batch begins with the frames of this turn.
    this.empty.clearCache();
    // Last, because closing one connection may close others whose batch was taken but not written yet.
    this.#reportFailures(failures);
  }

  /**
   * Writes the frames of a connection that is about to be closed. Frames that its socket does not take are dropped, because the connection
   * already has a close code. An unsent replay and everything after it are dropped too, because the client resumes there.
   */
  write(connection: Recipient): void {
    if (connection.backlog?.held !== undefined) {
      connection.takeBatch();
      return;
    }
    const ignored: Failure[] = [];
    const batch = this.#takeBatch(connection, ignored);
    if (batch === undefined) return;
    this.#count(batch);
    this.#send(connection, batch, ignored);
    this.#tally();
  }

  /** Call when the connection is closed. */
  forget(connection: Recipient): void {
    this.#replayPacer.forget(connection);
    connection.transport.groupBroadcast?.leave(connection);
  }

  /** Counts a delivery. Most connections of a flush share their batch, so the frames of a batch are examined once. */
  #count(batch: Batch): void {
    if (batch.deliveries++ === 0) this.#delivered.push(batch);
  }

  #tally(): void {
    for (const batch of this.#delivered) {
      for (const { text } of batch.frames()) this.#sent.addFrame(text, batch.deliveries);
      batch.deliveries = 0;
    }
    this.#delivered.length = 0;
  }

  #prepare(connection: Recipient, failures: Failure[]): Batch | undefined {
    if (connection.stage !== "closed") return this.#takeBatch(connection, failures);
    connection.takeBatch();
    return undefined;
  }

  /** Takes the batch of a connection, without its ephemeral frames if the peer is slow. */
  #takeBatch(connection: Recipient, failures: Failure[]): Batch | undefined {
    const batch = connection.takeBatch();
    try {
      const { backlog } = connection;
      const isNothingDue = batch.length === 0 && backlog?.held === undefined;
      if (isNothingDue || connection.ws.readyState !== OPEN) return undefined;
      const waitingBytes = this.#waitingBytes(connection);
      if (waitingBytes > this.#limits.maxBufferedBytes) {
        failures.push({ connection, code: CloseCode.SlowReader });
        return undefined;
      }
      const due =
        waitingBytes > this.#limits.slowBytes && batch.hasEphemeral
          ? this.#withoutEphemeral(batch, connection)
          : batch;
      return backlog === undefined ? due : this.#nextPiece(connection, backlog, due);
    } catch {
      failures.push({ connection, code: 1011 });
      return undefined;
    }
  }

  #nextPiece(connection: Recipient, backlog: Backlog, batch: Batch): Batch | undefined {
    return this.#replayPacer.next(connection, backlog, {
      batch,
      empty: this.empty,
      bufferedBytes: this.#buffered,
      flush: this.#flushes,
    });
  }

  /** The bytes that wait for the peer, at the socket and before it, except those of a replay. */
  #waitingBytes(connection: Recipient): number {
    const buffered = connection.transport.bufferedAmount(connection.ws);
    this.#buffered = buffered;
    const { backlog } = connection;
    if (backlog === undefined) return buffered;
    // A replay is written first, so at most the buffered bytes can belong to it.
    backlog.replayBytes = Math.min(backlog.replayBytes, buffered);
    return buffered - backlog.replayBytes + (backlog.held?.otherChars ?? 0);
  }

  #sendAll(due: PendingWrite[], failures: Failure[]): void {
    for (const { connection, batch } of due) this.#send(connection, batch, failures);
    due.length = 0;
  }

  #send(connection: Recipient, batch: Batch, failures: Failure[]): void {
    try {
      if (connection.transport.write(connection.ws, batch)) return;
      failures.push({ connection, code: CloseCode.SlowReader });
    } catch {
      // The socket is broken, so the connection is closed.
      failures.push({ connection, code: 1011 });
    }
  }

  #reportFailures(failures: readonly Failure[]): void {
    for (const { connection, code } of failures)
      connection.close(code, code === CloseCode.SlowReader ? retryReason(this.#clock) : "");
  }

  #withoutEphemeral(batch: Batch, connection: Recipient): Batch {
    let retained = this.empty;
    for (const frame of batch.frames())
      if (!frame.ephemeral) retained = retained.append(frame);
      else if (frame instanceof RefreshedFrame) frame.onDropped(connection);
      else this.dropped++;
    return retained;
  }
}

/** The close reason for a slow reader. Each reader is told a different delay, so that they reconnect spread over time. */
export function retryReason(clock: Clock): string {
  return `retryAfterMs=${String(Math.round(500 + clock.random() * 1_500))}`;
}
