// The messages that have no reply yet, in the order in which the application sent them.
// Called by the message sender to send, and by the client with each welcome, reply and lost connection.
// Each message takes effect at most once, in order, and its receipt settles in bounded time.
import { dateOf } from "@halyard/protocol/internal";
import { HalyardError, encodeFrame, messageIdOf } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import type { Emitter } from "../common/emitter.ts";
import { isEqual } from "../common/is-equal.ts";
import { Timer } from "../common/timer.ts";
import type { Outcome, QueueState, Receipt, Sending } from "../common/receipt.ts";
import type { FrameWriter } from "../connection/connection.ts";
import type { OutboxLimits } from "../options.ts";
import type { ClientEvents } from "./client-events.ts";
import { encodeOutgoing } from "./encode-outgoing.ts";

/** The server remembers results for 5 min: after this time, a written message is neither sent again nor waited for. */
const ACK_TIMEOUT_MS = 240_000;
/** How many results the server remembers. It treats older numbers as used. */
const REMEMBERED_RESULTS = 32;
const DEFAULT_OUTBOX_LIMITS: OutboxLimits = { messages: 200, bytes: 256 * 1024, ageMs: 60_000 };

export interface OutboxConnection extends FrameWriter {
  readonly clientId: string;
  reconnect(): void;
}

export interface OutboxParts {
  readonly clock: Clock;
  readonly connection: OutboxConnection;
  readonly emitter: Emitter<ClientEvents>;
  /** While a room is being joined, messages to it wait, and so do all messages behind them; while the session is renewed, all wait. */
  readonly isHeld: (channel: string | undefined) => boolean;
  /** Called when messages may have been settled. */
  readonly onFlush: () => void;
}

export interface Destination {
  readonly channel?: string | undefined;
  /** Set if the message is rejected without being sent. */
  readonly refusal?: HalyardError | undefined;
}

interface QueuedMessage {
  readonly type: string;
  readonly channel: string | undefined;
  readonly text: string;
  readonly bytes: number;
  readonly settle: (outcome: Outcome) => void;
}

/** A sequence number, and the message that has it. */
export interface OutboxEntry {
  readonly seq: number;
  /** Undefined once the receipt is settled and only the number remains. */
  message?: QueuedMessage | undefined;
  /** When the message expires. */
  dueAt: number;
  /** When a message that is not written expires at the latest, by the date: the clock may stand still while a machine sleeps. */
  expiresAt?: number;
  /** Whether the message was written on any connection. */
  isWritten?: boolean;
  /** Whether it was written on more than one connection. */
  isRepeated?: boolean | undefined;
  /** Whether the server has lost its state, so that a message that it rejects now may have taken effect before. */
  isUnconfirmed?: boolean | undefined;
  /** Whether it was answered on this connection. */
  isAnswered?: boolean;
}

/**
 * A message gets its sequence number, and with it its public id, when it is sent. The server accepts only the next
 * number, so none may be missing: the number of an expired message stays in the queue and goes out as a `skip`. A
 * message that is rejected here gets no number. Numbers leave the queue from the front only, because a server that has
 * lost its state starts at the first number that it receives.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #bounds: OutboxLimits;
  readonly #timer: Timer;
  entries: OutboxEntry[] = [];
  /** How many entries, counted from the first, were written on this connection. */
  #sent = 0;
  lastSeq = 0;
  /** Negative, so that the id of a rejected message is unique. */
  #lastRejectedSeq = 0;
  /** Whether the numbers before the queue were sent again, and the server has not answered a message since. */
  #isRewinding = false;
  /** The state of the queue: the same object until it changes. */
  queue: QueueState = { queued: 0, unacknowledged: 0, bytes: 0 };

  constructor(parts: OutboxParts, bounds?: Partial<OutboxLimits>) {
    this.#parts = parts;
    this.#bounds = { ...DEFAULT_OUTBOX_LIMITS, ...bounds };
    this.#timer = new Timer(parts.clock);
  }

  send(type: string, fields: object | undefined, { channel, refusal }: Destination = {}): Sending<unknown> {
    const { clock, connection } = this.#parts;
    const seq = this.lastSeq + 1;
    const {
      text,
      bytes,
      error = refusal ?? this.#rejectionOf(bytes),
    } = encodeOutgoing({ ...fields, type }, { seq, ch: channel }, connection.limits);
    const id = messageIdOf(connection.clientId, error ? --this.#lastRejectedSeq : seq);
    const receipt = new Promise<Receipt<unknown>>((resolve) => {
      const settle = (outcome: Outcome) => resolve({ ...outcome, id });
      if (error) return settle({ status: "rejected", error });
      this.lastSeq = seq;
      const message = { type, channel, text, bytes, settle };
      const { ageMs } = this.#bounds;
      this.entries.push({ seq, message, dueAt: clock.now() + ageMs, expiresAt: dateOf(clock) + ageMs });
      this.flush();
    });
    return { id, then: receipt.then.bind(receipt) };
  }

  /** Expires messages that were queued before the first welcome named their type as ephemeral. */
  expireTypes(ephemeralTypes: readonly string[]): void {
    for (const entry of this.entries) {
      const { isWritten, message } = entry;
      if (message && !isWritten && ephemeralTypes.includes(message.type))
        settleMessage(entry, { status: "expired" });
    }
  }

  /** Call when the server has forgotten which numbers it has run: written messages are not sent again, and the next number may be any. */
  forget(): void {
    this.entries = this.entries.filter((entry) => {
      if (entry.isWritten) settleMessage(entry, { status: "unknown" });
      return !entry.isWritten;
    });
  }

  /** Call when the server has lost its state but is an earlier version that does not say whether it knows the numbers. */
  markUnconfirmed(): void {
    for (const entry of this.entries) entry.isUnconfirmed = entry.isWritten;
  }

  onDisconnected(): void {
    this.#sent = 0;
    // The next server may need the numbers after an unanswered one again.
    for (const entry of this.entries) entry.isAnswered = false;
  }

  onReply(seq: number, outcome: Outcome): void {
    const index = this.entries.findIndex((entry) => entry.seq === seq);
    const entry = this.entries[index];
    if (!entry || index >= this.#sent) return;
    const isConflict = outcome.status === "rejected" && outcome.error.code === "conflict";
    if (isConflict && entry.message && !this.#isRewinding) return this.#rewind();
    if (entry.message) this.#isRewinding = false;
    settleMessage(entry, isUncertain(entry, outcome) ? { status: "unknown" } : outcome);
    entry.isAnswered = true;
    while (this.entries[0]?.isAnswered) {
      this.entries.shift();
      this.#sent--;
    }
    this.flush();
  }

  /** Settles each message up to a number: as rejected when it was never written, as unknown when it was. */
  settleAll(error: HalyardError, lastSeq = Infinity): void {
    for (const entry of this.entries) {
      if (entry.seq > lastSeq) break;
      settleMessage(entry, entry.isWritten ? { status: "unknown" } : { status: "rejected", error });
    }
    this.flush();
  }

  /**
   * Removes the entries up to a number, because another user follows. If none is left, the numbers start again at 1.
   *
   * @returns whether they start again, which requires a new client id
   */
  restart(lastSeq: number): boolean {
    this.entries = this.entries.filter(({ seq }) => seq > lastSeq);
    if (this.entries.length) return false;
    this.lastSeq = 0;
    return true;
  }

  /** Expires old messages, writes as many as the server's limits allow, and sets the timer for the rest. */
  flush(): void {
    const { clock } = this.#parts;
    const now = clock.now();
    for (const entry of this.entries) {
      const { dueAt, expiresAt = Infinity, isWritten } = entry;
      if (dueAt <= now || (!isWritten && expiresAt <= dateOf(clock)))
        settleMessage(entry, { status: isWritten ? "unknown" : "expired" });
    }
    let waitMs = this.#write(now);
    const queue = { queued: 0, unacknowledged: 0, bytes: 0 };
    for (const { message, dueAt, isWritten } of this.entries) {
      if (!message) continue;
      waitMs = Math.min(waitMs, dueAt - now);
      queue[isWritten ? "unacknowledged" : "queued"]++;
      queue.bytes += message.bytes;
    }
    this.#timer.set(waitMs, () => this.flush());
    if (!isEqual(queue, this.queue)) {
      this.queue = queue;
      this.#parts.emitter.emit("queue", queue);
    }
    this.#parts.onFlush();
  }

  /**
   * Call when the server expects an earlier number, because it has lost its state or rejected a message without counting it. Sends
   * the numbers before the queue again, as skips. The expected number is one of them, because the server remembers
   * fewer.
   */
  #rewind(): void {
    this.#isRewinding = true;
    const first = this.entries[0]?.seq ?? 1;
    for (let seq = first - 1; seq > 0 && seq >= first - REMEMBERED_RESULTS; seq--) {
      this.entries.unshift({ seq, dueAt: 0, isWritten: true });
    }
    this.#parts.connection.reconnect();
  }

  #rejectionOf(bytes: number): HalyardError | undefined {
    if (this.#parts.connection.isEnded) return new HalyardError("unavailable");
    // A single message may be as large as the server allows.
    const { bytes: queued } = this.queue;
    const isFull =
      this.entries.length >= this.#bounds.messages || (queued && queued + bytes > this.#bounds.bytes);
    return isFull ? new HalyardError("limit_exceeded") : undefined;
  }

  /** @returns how long until the server's rate allows the next message, in milliseconds */
  #write(now: number): number {
    const { connection, isHeld } = this.#parts;
    const { limits } = connection;
    while (connection.isOpen && this.#sent < limits.unacknowledged) {
      const entry = this.entries[this.#sent];
      if (!entry || isHeld(entry.message?.channel)) break;
      const { seq, message: { bytes = 0, text = encodeFrame('{"type":"skip"}', { seq }) } = {} } = entry;
      const waitMs = connection.take(bytes);
      if (waitMs > 0) return waitMs;
      if (!entry.isWritten) entry.dueAt = now + ACK_TIMEOUT_MS;
      entry.isRepeated = entry.isWritten;
      entry.isWritten = true;
      this.#sent++;
      connection.write(text);
    }
    return Infinity;
  }
}

/** Whether a message that is rejected now may have taken effect before. A full queue rejects without checking what has run. */
function isUncertain({ isUnconfirmed, isRepeated }: OutboxEntry, outcome: Outcome): boolean | undefined {
  if (outcome.status !== "rejected") return false;
  return isUnconfirmed === true || (isRepeated && outcome.error.code === "limit_exceeded");
}

/** Settles the receipt, so that only the number remains. */
function settleMessage(entry: OutboxEntry, outcome: Outcome): void {
  entry.message?.settle(outcome);
  entry.message = undefined;
}
