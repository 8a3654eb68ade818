import { CloseCode } from "@halyard/protocol/wire";
import { BatchGroup } from "./batch-group.ts";
import type { Recipient, GroupBroadcast } from "./transport.ts";
import { Batch } from "./outbound-frame.ts";
import { OPEN } from "./ready-state.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { MIN_GROUP_SIZE } from "./topic-broadcaster.ts";

interface Failure {
  readonly connection: Recipient;
  readonly code: number;
}

/** What a connection gets in this turn. */
interface PendingWrite {
  readonly connection: Recipient;
  readonly batch: Batch;
}

/**
 * So many are looked at before they are written to: what is known of each comes from memory while the next is looked at,
 * and each write drives most of it out of the processor's cache again.
 */
const PREPARE_AHEAD = 16;

/**
 * The one place where frames leave. All frames of a turn are written together, once per connection, when the turn has
 * handled its input; so a busy node makes fewer and larger writes by itself, and an idle one waits for nothing.
 */
export class Writer {
  /** Where every batch begins. */
  empty = new Batch();
  readonly #clock: Clock;
  readonly #limits: ServerLimits;
  #dirty: Recipient[] = [];
  /** At the socket that was looked at last. */
  #buffered = 0;
  /** Of this turn. */
  #groups: BatchGroup[] = [];
  readonly #flushSoon: () => void;

  constructor(clock: Clock, limits: ServerLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#flushSoon = () => {
      this.flush();
    };
  }

  enqueue(connection: Recipient): void {
    if (this.#dirty.length === 0) this.#clock.setImmediate(this.#flushSoon);
    this.#dirty.push(connection);
  }

  /** For frames that many get in this turn. */
  openGroup(): BatchGroup {
    const group = new BatchGroup(this.empty);
    this.#groups.push(group);
    return group;
  }

  flush(): void {
    const dirty = this.#dirty;
    const groups = this.#groups;
    this.#dirty = [];
    this.#groups = [];
    for (const group of groups) group.seal();
    const failures: Failure[] = [];
    const broadcasters = new Set<GroupBroadcast>();
    const due: PendingWrite[] = [];
    for (const connection of dirty) {
      const batch = this.#prepare(connection, failures);
      if (batch === undefined) continue;
      const broadcaster = dirty.length < MIN_GROUP_SIZE ? undefined : connection.transport.groupBroadcast;
      if (broadcaster !== undefined) broadcasters.add(broadcaster);
      if (broadcaster?.offer(connection, batch, this.#buffered) === true) continue;
      if (due.push({ connection, batch }) === PREPARE_AHEAD) this.#sendAll(due, failures);
    }
    this.#sendAll(due, failures);
    for (const broadcaster of broadcasters)
      broadcaster.flush((connection, batch) => {
        this.#send(connection, batch, failures);
      });
    for (const group of groups) group.reset(this.empty);
    // Nobody else gets the frames of this turn.
    this.empty.clearCache();
    // Last, because whoever hears of a failure may close others, for whom something was taken and not written.
    this.#reportFailures(failures);
  }

  /** Writes what waits for one connection now. A socket that throws is closed, and harms nobody else. */
  write(connection: Recipient): void {
    const failures: Failure[] = [];
    const batch = this.#prepare(connection, failures);
    if (batch !== undefined) this.#send(connection, batch, failures);
    this.#reportFailures(failures);
  }

  /** The connection is gone. */
  forget(connection: Recipient): void {
    connection.transport.groupBroadcast?.leave(connection);
  }

  /** What waits for a connection, as much of it as is to be written. */
  #prepare(connection: Recipient, failures: Failure[]): Batch | undefined {
    if (connection.stage === "closed" || connection.ws.readyState !== OPEN) {
      connection.takeBatch();
      return undefined;
    }
    const batch = connection.takeBatch();
    if (batch.length === 0) return undefined;
    try {
      const waiting = this.#bufferedBytes(connection);
      if (waiting > this.#limits.maxBufferedBytes) {
        failures.push({ connection, code: CloseCode.SlowReader });
        return undefined;
      }
      return waiting > this.#limits.slowBytes && batch.hasEphemeral ? this.#withoutEphemeral(batch) : batch;
    } catch {
      failures.push({ connection, code: 1011 });
      return undefined;
    }
  }

  /** Bytes that wait for the peer and count against it. */
  #bufferedBytes(connection: Recipient): number {
    const buffered = connection.transport.bufferedAmount(connection.ws);
    this.#buffered = buffered;
    const { backlog } = connection;
    if (backlog === undefined) return buffered;
    // A replay goes first, so of what waits no more can be of it than there is.
    const ofReplay = Math.min(backlog.replayBytes, buffered);
    backlog.replayBytes = ofReplay + backlog.queuedReplayBytes;
    backlog.queuedReplayBytes = 0;
    return buffered - ofReplay;
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
      // The socket is broken: whatever it says, its close event or the heartbeat ends it.
      failures.push({ connection, code: 1011 });
    }
  }

  #reportFailures(failures: readonly Failure[]): void {
    for (const { connection, code } of failures)
      connection.close(code, code === CloseCode.SlowReader ? retryReason(this.#clock) : "");
  }

  #withoutEphemeral(batch: Batch): Batch {
    let rest = this.empty;
    for (const frame of batch.frames()) if (!frame.ephemeral) rest = rest.append(frame);
    return rest;
  }
}

/** A reader that was too slow comes back, but not with all the others. */
export function retryReason(clock: Clock): string {
  return `retryAfterMs=${String(Math.round(500 + clock.random() * 1_500))}`;
}
