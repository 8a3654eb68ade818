import { HalyardError, encodeFrame, messageIdOf } from "@halyard/protocol/wire";
import type { ClientEvents } from "./client-events.ts";
import { Alarm } from "../common/clock.ts";
import type { Clock } from "../common/clock.ts";
import type { Emitter } from "../common/emitter.ts";
import { outgoing } from "./encode-outgoing.ts";
import type { Limits } from "./encode-outgoing.ts";
import { Pace } from "../common/token-bucket.ts";
import type { Outcome, QueueState, Receipt, Sending } from "./receipt.ts";

export interface OutboxLimits {
  /** Messages, whether they wait to be written or to be answered. @default 200 */
  readonly messages: number;
  /** Their size. @default 262_144 */
  readonly bytes: number;
  /** How long a message waits to be written. @default 60_000 */
  readonly ageMs: number;
}

/** The server forgets answers after 5 min: what was written is not sent again, and not waited for, after this. */
const ANSWER_MS = 240_000;
/** So many answers the server keeps: a number before them is known to be used. */
const MEMORY = 32;

export interface OutboxHost {
  readonly clock: Clock;
  readonly clientId: string;
  readonly limits: Limits;
  readonly emitter: Emitter<ClientEvents>;
  /** While a room is being joined, messages to it have to wait, and all behind them. */
  readonly rooms: { isJoining(channel: string | undefined): boolean };
  write(frame: string): void;
  reconnect(): void;
}

interface Waiting {
  readonly type: string;
  readonly channel: string | undefined;
  readonly text: string;
  readonly bytes: number;
  readonly settle: (outcome: Outcome) => void;
}

/** A number of the row, and the message that has it. */
interface Entry {
  readonly seq: number;
  /** Absent once the sender has his receipt and only the number is left. */
  message?: Waiting | undefined;
  /** When the message is given up. */
  dueAt: number;
  isWritten?: boolean;
  /** The server may have handled it and forgotten that it has. */
  isDoubtful?: boolean | undefined;
  /** On this connection. */
  isAnswered?: boolean;
}

/**
 * What is to be sent, in order, until it is answered.
 *
 * A message gets its number, and with it its public id, when it is sent. The server takes only the next number, so a
 * number must never be missing: once a message is given up (too old, or without an answer for too long), its number
 * stays in the row and goes out as a `skip`. What is refused here gets no number at all. Numbers leave the row from the
 * front only, because a server that has forgotten everything starts at the first one that it sees.
 */
export class Outbox {
  readonly #host: OutboxHost;
  readonly #bounds: OutboxLimits;
  readonly #alarm: Alarm;
  #entries: Entry[] = [];
  /** So many entries, from the first on, went out on this connection. */
  #sent = 0;
  #seq = 0;
  #refused = 0;
  /** The numbers before the row are sent again, and no message has been accepted since. */
  #isGoingBack = false;
  #queue: QueueState = { queued: 0, unacknowledged: 0, bytes: 0 };
  /** There is one while there is a connection. */
  #pace: Pace | undefined;
  /** Until the client is started again, everything is refused. */
  isClosed = false;

  constructor(host: OutboxHost, bounds: Partial<OutboxLimits> = {}) {
    this.#host = host;
    this.#bounds = { messages: 200, bytes: 256 * 1024, ageMs: 60_000, ...bounds };
    this.#alarm = new Alarm(host.clock);
  }

  send(type: string, fields: object | undefined, channel: string | undefined): Sending {
    const { clock, clientId, limits } = this.#host;
    const seq = this.#seq + 1;
    const {
      text,
      bytes,
      error = this.#refusal(bytes),
    } = outgoing({ ...fields, type }, { seq, ch: channel }, limits);
    // What is refused gets no number of the row: the server must never wait for it.
    const id = messageIdOf(clientId, error ? --this.#refused : seq);
    const receipt = new Promise<Receipt>((resolve) => {
      const settle = (outcome: Outcome) => resolve({ ...outcome, id });
      if (error) return settle({ status: "rejected", error });
      this.#seq = seq;
      const message = { type, channel, text, bytes, settle };
      this.#entries.push({ seq, message, dueAt: clock.now() + this.#bounds.ageMs });
      this.flush();
    });
    return { id, then: receipt.then.bind(receipt) };
  }

  /** The connection is welcomed: what has no answer goes out again, with the same numbers, then what waited. */
  open(ephemeral: readonly string[]): void {
    const { clock, limits } = this.#host;
    const { messagesPerSecond } = limits;
    // The server allows twice as many at once: the rest is for everything that is not a send.
    this.#pace ??= new Pace(messagesPerSecond, messagesPerSecond, clock.now());
    for (const entry of this.#entries) {
      // Sent before anybody knew that messages of this type are dropped when there is no connection.
      const { isWritten, message } = entry;
      if (message && !isWritten && ephemeral.includes(message.type)) giveUp(entry, { status: "expired" });
    }
    this.flush();
  }

  /** The server has lost what it knew: what it now refuses, it may have handled before. */
  doubt(): void {
    for (const entry of this.#entries) entry.isDoubtful = entry.isWritten;
  }

  lost(): void {
    this.#pace = undefined;
    this.#sent = 0;
    // What stands behind an unanswered number, the next server may have to see again.
    for (const entry of this.#entries) entry.isAnswered = false;
  }

  answer(seq: number, outcome: Outcome): void {
    const index = this.#entries.findIndex((entry) => entry.seq === seq);
    const entry = this.#entries[index];
    if (!entry || index >= this.#sent) return;
    const isConflict = outcome.status === "rejected" && outcome.error.code === "conflict";
    if (isConflict && entry.message && !this.#isGoingBack) return this.#goBack();
    if (entry.message && !isConflict) this.#isGoingBack = false;
    giveUp(entry, entry.isDoubtful && outcome.status === "rejected" ? { status: "unknown" } : outcome);
    entry.isAnswered = true;
    while (this.#entries[0]?.isAnswered) {
      this.#entries.shift();
      this.#sent--;
    }
    this.flush();
  }

  /** Settles everything: what no socket has seen is rejected, of the rest nobody knows. */
  settle(error: HalyardError): void {
    for (const entry of this.#entries) {
      giveUp(entry, entry.isWritten ? { status: "unknown" } : { status: "rejected", error });
    }
    this.flush();
  }

  /** Starts the numbers anew, for a new client id. */
  restart(): void {
    this.#entries = [];
    this.#seq = this.#sent = 0;
  }

  /** Gives up what is too old, writes what may be written, and comes back when there is more to do. */
  flush(): void {
    const now = this.#host.clock.now();
    for (const entry of this.#entries) {
      if (entry.dueAt <= now) giveUp(entry, { status: entry.isWritten ? "unknown" : "expired" });
    }
    let waitMs = this.#write(now);
    const queue = { queued: 0, unacknowledged: 0, bytes: 0 };
    for (const { message, dueAt, isWritten } of this.#entries) {
      if (!message) continue;
      waitMs = Math.min(waitMs, dueAt - now);
      queue[isWritten ? "unacknowledged" : "queued"]++;
      queue.bytes += message.bytes;
    }
    this.#alarm.set(waitMs, () => this.flush());
    const hasChanged = JSON.stringify(queue) !== JSON.stringify(this.#queue);
    this.#queue = queue;
    if (hasChanged) this.#host.emitter.emit("queue", queue);
  }

  /**
   * The server misses a number before this one: it has lost what it knew, or refused a message without counting it. Its
   * memory is shorter than this run of skips, one of which is the number that it waits for.
   */
  #goBack(): void {
    this.#isGoingBack = true;
    const first = this.#entries[0]?.seq ?? 1;
    for (let seq = first - 1; seq > 0 && seq >= first - MEMORY; seq--) {
      this.#entries.unshift({ seq, dueAt: 0, isWritten: true });
    }
    this.#host.reconnect();
  }

  #refusal(bytes: number): HalyardError | undefined {
    if (this.isClosed) return new HalyardError("unavailable");
    const isFull =
      this.#entries.length >= this.#bounds.messages || this.#queue.bytes + bytes > this.#bounds.bytes;
    return isFull ? new HalyardError("limit_exceeded") : undefined;
  }

  /** @returns the milliseconds until the server's rate allows the next message */
  #write(now: number): number {
    const { limits } = this.#host;
    while (this.#pace && this.#sent < limits.unacknowledged) {
      const entry = this.#entries[this.#sent];
      if (!entry || this.#host.rooms.isJoining(entry.message?.channel)) break;
      const { seq, message: { bytes = 0, text = encodeFrame('{"type":"skip"}', { seq }) } = {} } = entry;
      const pauseMs = this.#pace.take(
        Math.max(1, (bytes / limits.bytesPerSecond) * limits.messagesPerSecond),
        now,
      );
      if (pauseMs > 0) return pauseMs;
      if (!entry.isWritten) entry.dueAt = now + ANSWER_MS;
      entry.isWritten = true;
      this.#sent++;
      this.#host.write(text);
    }
    return Infinity;
  }
}

/** Settles a message, so that only its number is left. */
function giveUp(entry: Entry, outcome: Outcome): void {
  entry.message?.settle(outcome);
  entry.message = undefined;
}
