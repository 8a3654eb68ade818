import type { WelcomeMessage } from "@halyard/protocol";
import { encodeFrame, messageIdOf } from "@halyard/protocol/wire";
import { Alarm } from "./clock.js";
import type { Clock } from "./clock.js";
import { Pace } from "./pace.js";
import { frameError, sendError } from "./send-error.js";
import type { SendError } from "./send-error.js";
import type { Outcome, QueueState, Receipt, Sending } from "./receipt.js";

export interface OutboxLimits {
  /** Messages, whether they wait to be written or to be answered. @default 200 */
  readonly messages: number;
  /** Their size. @default 262_144 */
  readonly bytes: number;
  /** How long a message waits to be written. @default 60_000 */
  readonly ageMs: number;
}

export const DEFAULT_OUTBOX: OutboxLimits = { messages: 200, bytes: 256 * 1024, ageMs: 60_000 };

/** The server forgets answers after 5 min: what was written is not sent again, and not waited for, after this. */
const ANSWER_MS = 240_000;

export interface OutboxContext {
  readonly clock: Clock;
  readonly clientId: () => string;
  readonly limits: () => WelcomeMessage["limits"];
  readonly write: (frame: string) => void;
  /** Whether messages to this channel have to wait, and all behind them: a room is being joined. */
  readonly mustWait: (channel: string) => boolean;
  readonly onChange: (queue: QueueState) => void;
}

interface Entry {
  readonly seq: number;
  readonly type: string;
  readonly createdAt: number;
  channel: string | undefined;
  frame: string;
  bytes: number;
  writtenAt: number | undefined;
  isAnswered: boolean;
  /** Absent once the sender has his receipt and only the number is left. */
  settle: ((outcome: Outcome) => void) | undefined;
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
  readonly #context: OutboxContext;
  readonly #bounds: OutboxLimits;
  readonly #alarm: Alarm;
  /** There is one while there is a connection. */
  #pace: Pace | undefined;
  #entries: Entry[] = [];
  /** So many entries, from the first on, went out on this connection. */
  #sent = 0;
  #seq = 0;
  #refused = 0;
  #isClosed = false;
  #queue: QueueState = { queued: 0, unacknowledged: 0, bytes: 0 };

  constructor(context: OutboxContext, bounds: OutboxLimits) {
    this.#context = context;
    this.#bounds = bounds;
    this.#alarm = new Alarm(context.clock);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @param json the message; empty when it could not be written as JSON */
  send(type: string, json: string, channel: string | undefined): Sending {
    const { clock, clientId } = this.#context;
    const seq = this.#seq + 1;
    const frame = encodeFrame(json, channel === undefined ? { seq } : { seq, ch: channel });
    const bytes = new TextEncoder().encode(frame).length;
    const error = this.#refusal(frame, bytes);
    if (error) {
      // Not a number of the row: the server must never wait for it.
      const id = messageIdOf(`${clientId()}:refused`, ++this.#refused);
      return sendingOf(id, Promise.resolve({ status: "rejected", id, error }));
    }
    this.#seq = seq;
    const id = messageIdOf(clientId(), seq);
    const receipt = new Promise<Receipt>((resolve) => {
      const settle = (outcome: Outcome) => resolve({ ...outcome, id } as Receipt);
      const createdAt = clock.now();
      this.#entries.push({ seq, type, channel, frame, bytes, createdAt, writtenAt: undefined, settle, isAnswered: false });
    });
    this.flush();
    return sendingOf(id, receipt);
  }

  /** The connection is welcomed: what has no answer goes out again, with the same numbers, then what waited. */
  open(ephemeral: ReadonlySet<string>): void {
    const { clock, limits } = this.#context;
    const { messagesPerSecond } = limits();
    // The server allows twice as many at once: the rest is for everything that is not a send.
    this.#pace ??= new Pace(messagesPerSecond, messagesPerSecond, clock.now());
    for (const entry of this.#entries) {
      // Sent before anybody knew that messages of this type are dropped when there is no connection.
      if (entry.writtenAt === undefined && ephemeral.has(entry.type)) giveUp(entry, { status: "expired" });
    }
    this.flush();
  }

  lost(): void {
    this.#pace = undefined;
    this.#sent = 0;
    while (this.#entries[0]?.isAnswered === true) this.#entries.shift();
  }

  answer(seq: number, outcome: Outcome): void {
    const index = this.#entries.findIndex((entry) => entry.seq === seq);
    const entry = this.#entries[index];
    if (!entry || index >= this.#sent) return;
    giveUp(entry, outcome);
    entry.isAnswered = true;
    while (this.#sent > 0 && this.#entries[0]?.isAnswered === true) {
      this.#entries.shift();
      this.#sent--;
    }
    this.flush();
  }

  /** Settles everything: what no socket has seen is rejected, of the rest nobody knows. */
  settle(error: SendError): void {
    for (const entry of this.#entries) {
      giveUp(entry, entry.writtenAt === undefined ? { status: "rejected", error } : { status: "unknown" });
    }
    this.flush();
  }

  /** Until the client is started again, everything is refused. */
  close(): void {
    this.#isClosed = true;
    this.settle(sendError("unavailable"));
  }

  reopen(): void {
    this.#isClosed = false;
  }

  /** Starts the numbers anew, for a new client id. */
  restart(): void {
    this.#entries = [];
    this.#seq = this.#sent = 0;
  }

  /** Gives up what is too old, writes what may be written, and comes back when there is more to do. */
  flush(): void {
    const dueMs = this.#expire();
    const pauseMs = this.#write();
    const waitMs = Math.min(dueMs, pauseMs);
    if (waitMs < Infinity) this.#alarm.set(waitMs, () => this.flush());
    else this.#alarm.clear();
    this.#report();
  }

  #refusal(frame: string, bytes: number): SendError | undefined {
    if (this.#isClosed) return sendError("unavailable");
    const error = frameError(frame, bytes, this.#context.limits().messageBytes);
    if (error) return error;
    const isFull = this.#entries.length >= this.#bounds.messages || this.#queue.bytes + bytes > this.#bounds.bytes;
    return isFull ? sendError("limit_exceeded") : undefined;
  }

  /** @returns the milliseconds until the next message is too old */
  #expire(): number {
    const now = this.#context.clock.now();
    let dueMs = Infinity;
    for (const entry of this.#entries) {
      if (!entry.settle) continue;
      const { createdAt, writtenAt } = entry;
      const leftMs = writtenAt === undefined ? createdAt + this.#bounds.ageMs - now : writtenAt + ANSWER_MS - now;
      if (leftMs > 0) dueMs = Math.min(dueMs, leftMs);
      else giveUp(entry, { status: writtenAt === undefined ? "expired" : "unknown" });
    }
    return dueMs;
  }

  /** @returns the milliseconds until the server's rate allows the next message */
  #write(): number {
    const { messagesPerSecond, bytesPerSecond, unacknowledged } = this.#context.limits();
    while (this.#pace && this.#sent < unacknowledged) {
      const entry = this.#entries[this.#sent];
      if (!entry || (entry.channel !== undefined && this.#context.mustWait(entry.channel))) break;
      const now = this.#context.clock.now();
      const pauseMs = this.#pace.take(Math.max(1, (entry.bytes / bytesPerSecond) * messagesPerSecond), now);
      if (pauseMs > 0) return pauseMs;
      entry.writtenAt ??= now;
      this.#sent++;
      this.#context.write(entry.frame);
    }
    return Infinity;
  }

  #report(): void {
    const live = this.#entries.filter((entry) => entry.settle);
    const queued = live.filter((entry) => entry.writtenAt === undefined).length;
    const unacknowledged = live.length - queued;
    const bytes = live.reduce((sum, entry) => sum + entry.bytes, 0);
    const { queued: a, unacknowledged: b, bytes: c } = this.#queue;
    this.#queue = { queued, unacknowledged, bytes };
    if (queued !== a || unacknowledged !== b || bytes !== c) this.#context.onChange(this.#queue);
  }
}

/** Settles a message, so that only its number is left. */
function giveUp(entry: Entry, outcome: Outcome): void {
  entry.settle?.(outcome);
  entry.settle = entry.channel = undefined;
  entry.bytes = 0;
  entry.frame = encodeFrame('{"type":"skip"}', { seq: entry.seq });
}

function sendingOf(id: string, receipt: Promise<Receipt>): Sending {
  return { id, then: receipt.then.bind(receipt) };
}
