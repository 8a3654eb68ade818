// Receives frames: checks size, rate, JSON, nesting depth and reserved field, then passes each frame to the handler of its kind.
// Called by the manager and by the runtimes for each text that a client sends. Guarantees: no input of a client causes an
// exception; each refused frame gets a typed error; frames of one connection keep their order.
import { CloseCode, HalyardError } from "@halyard/protocol/wire";
import type { Connection } from "../connection/connection.ts";
import { acceptsTab, readFrame, UNREADABLE } from "../connection/inbound-message.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import type { RateLimits } from "../connection/rate-limits.ts";
import { helloBytes, inboundBytes } from "../delivery/frame-size.ts";
import type { ServerLimits } from "../limits.ts";
import type { TrafficCounters } from "../metrics/traffic-counters.ts";
import { hasTooManySlots } from "../security/index-slots.ts";
import { closesFlood } from "../security/flood-watch.ts";
import { unnumberedTypeOf } from "../security/unparsed-frame.ts";
import { ViolationCounters } from "../security/violation-counters.ts";
import type { Clock } from "../types.ts";
import { InvalidMessageError, LimitError, rateLimitError, toHalyardError } from "../utils/errors.ts";
import type { Exceeded } from "../utils/errors.ts";
import { digestOf } from "../utils/text-digest.ts";
import type { ClientSends } from "./client-sends.ts";
import { queueError } from "./client-sends.ts";
import { parseHello } from "./control-frames.ts";
import type { ControlFrames } from "./control-frames.ts";
import type { ErrorReplies } from "./error-replies.ts";
import { answerKeyIn, answerKeyOf, readAnswerKey, readMeta, textOfTab } from "./frame-meta.ts";

interface InboundParts {
  readonly clientSends: ClientSends;
  readonly clock: Clock;
  readonly controlFrames: ControlFrames;
  readonly errorReplies: ErrorReplies;
  readonly limits: Pick<ServerLimits, "messageBytes" | "messagesPerSecond" | "rooms">;
  readonly rateLimits: RateLimits;
  readonly received: TrafficCounters;
}

const MAX_BUFFERED_FRAMES = 32;
const MAX_BUFFERED_BYTES = 256 * 1024;
const MAX_OVERSIZED_MESSAGES = 3;

/** Receives the frames of clients. */
export class Inbound {
  readonly #parts: InboundParts;

  constructor(parts: InboundParts) {
    this.#parts = parts;
  }

  /** How many ephemeral messages of clients were dropped. */
  get thinned(): number {
    return this.#parts.clientSends.thinned;
  }

  /** @param isSameChunk whether the text arrived in the same TCP chunk as the previous one, so that the clock is not read again */
  receive(connection: Connection, text: string, isSameChunk = false): void {
    if (connection.stage === "closed") return;
    if (!isSameChunk) connection.lastActivityAt = this.#parts.clock.now();
    connection.unfinishedSince = undefined;
    if (isOpening(connection)) this.#bufferUntilReady(connection, text);
    else if (connection.bufferedFrames === undefined) this.#read(connection, text);
    else {
      // The welcome is sent, and earlier frames go first. One of them may be the `hello`.
      this.flushBuffered(connection);
      this.receive(connection, text, isSameChunk);
    }
  }

  /** Call for each WebSocket ping or pong: it is activity, and counts against `limits.pingsPerSecond`. */
  onPingOrPong(connection: Connection): void {
    if (connection.stage === "closed") return;
    const { clock, rateLimits } = this.#parts;
    connection.lastActivityAt = clock.now();
    if (isAnswerToReplayPing(connection) || rateLimits.takePing(connection) === undefined) return;
    connection.close(CloseCode.Flooding, { reason: "retryAfterMs=5000", limit: "pingsPerSecond" });
  }

  /** Handles the frames that arrived during the admission, or before the answer to `hello`. */
  flushBuffered(connection: Connection): void {
    const { bufferedFrames } = connection;
    connection.bufferedFrames = undefined;
    for (const text of bufferedFrames?.texts ?? []) this.receive(connection, text);
  }

  #bufferUntilReady(connection: Connection, text: string): void {
    const { limits } = this.#parts;
    const buffered = (connection.bufferedFrames ??= { texts: [], bytes: 0 });
    buffered.bytes += text.length;
    if (
      buffered.texts.length < MAX_BUFFERED_FRAMES &&
      buffered.bytes <= Math.max(MAX_BUFFERED_BYTES, helloBytes(limits))
    ) {
      buffered.texts.push(text);
      return;
    }
    const message = "Too much before the connection was open.";
    const error = new LimitError("limit_exceeded", "waitingSends", { message });
    this.#parts.errorReplies.replyWithError(connection, error, answerKeyIn(text, connection));
  }

  /** @param isPaid whether the tokens of the frame were taken before */
  #read(connection: Connection, text: string, isPaid = false): void {
    const { clientSends, errorReplies, limits, rateLimits } = this.#parts;
    const isFirst = connection.acceptsHello;
    const maxBytes = isFirst ? helloBytes(limits) : limits.messageBytes;
    const size = inboundBytes(text, maxBytes);
    if (size > maxBytes) {
      this.#refuseOversized(connection, text);
      return;
    }
    const exceeded = isPaid ? undefined : rateLimits.takeFrame(connection, size, connection.lastActivityAt);
    if ((exceeded ?? connection.floodWatch) !== undefined && closesFlood(connection, limits)) return;
    if (exceeded !== undefined && !connection.isV1) {
      errorReplies.replyWithError(connection, rateLimitError(exceeded), answerKeyIn(text, connection));
      return;
    }
    if (exceeded !== undefined && connection.stage === "handshaking") {
      this.#readLater(connection, text, rateLimits.chargeFrame(connection, size));
      return;
    }
    if (exceeded !== undefined && this.#refusesUnread(connection, text, exceeded)) return;
    const message = this.#parse(connection, text, size);
    if (message === undefined) return;
    const { type } = message.frame;
    this.#parts.received.add(type, size);
    if (isFirst && type !== "hello" && inboundBytes(text, limits.messageBytes) > limits.messageBytes) {
      this.#refuseOversized(connection, text);
      return;
    }
    if (exceeded === undefined) {
      this.#route(message, text);
      return;
    }
    // Above the rate, a v1 client's numbered sends wait in their queue, answers to the server's own requests are accepted,
    // and ephemeral messages are dropped; all other frames are refused.
    const { frame, meta } = message;
    if (meta.seq !== undefined && connection.stage === "open")
      clientSends.enqueue(this.#asSend(message), text, size);
    else if (connection.serverRequests?.answer(frame, meta) === true) return;
    else if (!clientSends.thinOut(frame.type))
      errorReplies.replyWithError(connection, rateLimitError(exceeded), meta.id);
  }

  /** Reads a hello after a wait, and then the frames after it. A hello that is refused for the frames of other connections costs its client an attempt. */
  #readLater(connection: Connection, text: string, waitMs: number): void {
    connection.acceptsHello = false;
    connection.sendQueue.delayTimer = this.#parts.clock.setTimeout(() => {
      if (connection.stage !== "handshaking") return;
      connection.acceptsHello = true;
      this.#read(connection, text, true);
      if (!isOpening(connection)) this.flushBuffered(connection);
    }, waitMs);
  }

  /**
   * Above the rate, most of a frame's cost is parsing it. So all are handled unparsed but the sends that may wait, and answers to the
   * server's own requests.
   */
  #refusesUnread(connection: Connection, text: string, exceeded: Exceeded): boolean {
    const { clientSends, errorReplies } = this.#parts;
    const type = unnumberedTypeOf(text);
    if (type !== undefined && clientSends.thinOut(type)) return true;
    const full = connection.stage === "open" ? clientSends.fullQueueOf(connection) : undefined;
    if (type === undefined && full === undefined) return false;
    const meta = readAnswerKey(text, connection);
    if (meta.seq !== undefined && full !== undefined)
      errorReplies.replyWithError(connection, queueError(full), answerKeyOf(meta));
    else if (meta.seq === undefined && type !== undefined)
      errorReplies.replyWithError(connection, rateLimitError(exceeded), meta.id);
    else return false;
    return true;
  }

  #refuseOversized(connection: Connection, text: string): void {
    this.#refuse(connection, text, new LimitError("payload_too_large", "messageBytes"));
    connection.violations ??= new ViolationCounters();
    if (++connection.violations.oversized >= MAX_OVERSIZED_MESSAGES) connection.close(CloseCode.TooLarge);
  }

  /** Answers a frame that cannot be read. Its number, if any, is used up, in the order of the other sends. */
  #refuse(connection: Connection, text: string, refusal: HalyardError): void {
    const meta = readAnswerKey(text, connection);
    const isNumbered = meta.seq !== undefined && connection.isV1 && connection.stage === "open";
    if (!isNumbered || !acceptsTab(connection, meta)) {
      this.#parts.errorReplies.replyWithError(connection, refusal, answerKeyOf(meta));
      return;
    }
    const { hash: digest } = digestOf(text);
    const message = { connection, frame: UNREADABLE, meta, digest, bytes: 0, refusal };
    this.#parts.clientSends.enqueue(message, "");
  }

  #parse(connection: Connection, text: string, bytes: number): InboundMessage | undefined {
    const { errorReplies } = this.#parts;
    const { hash, brackets } = digestOf(text);
    const frame = hasTooManySlots(text, brackets) ? "invalid_message" : readFrame(text, connection, brackets);
    if (typeof frame === "string") {
      if (frame === "invalid_json") errorReplies.replyWithError(connection, new HalyardError(frame));
      else this.#refuse(connection, text, new InvalidMessageError([]));
      return undefined;
    }
    const meta = readMeta(frame.$, connection);
    if (meta === undefined) this.#refuse(connection, text, new InvalidMessageError(NO_META));
    else if (acceptsTab(connection, meta)) {
      const digest = meta.tab === undefined ? hash : digestOf(textOfTab(text, meta)).hash;
      return { connection, frame, meta, digest, bytes };
    } else errorReplies.replyWithError(connection, new LimitError("limit_exceeded", "sharingTabs"), meta.id);
    return undefined;
  }

  /** A control frame with a number is treated as a send of an unknown type, which is answered and uses up the number. */
  #asSend(message: InboundMessage): InboundMessage {
    if (!this.#parts.controlFrames.isControlFrame(message.frame.type, message.meta)) return message;
    const refusal = new InvalidMessageError([{ path: "$.seq", message: "only a send has a number" }]);
    return { ...message, refusal };
  }

  #route(message: InboundMessage, text: string): void {
    const { connection, frame, meta } = message;
    const { controlFrames, errorReplies, clientSends } = this.#parts;
    const { acceptsHello } = connection;
    if (connection.stage !== "handshaking") connection.acceptsHello = false;
    if (frame.type === "hello") {
      if (acceptsHello) this.#handleHello(message);
      else
        errorReplies.replyWithError(
          connection,
          new HalyardError("conflict", "hello was said already."),
          answerKeyOf(meta),
        );
    } else if (connection.stage === "handshaking") this.#requireHello(message);
    else if (meta.seq === undefined && controlFrames.isControlFrame(frame.type, meta))
      this.#handleControl(message, text);
    else clientSends.enqueue(this.#asSend(message), text);
  }

  #handleControl(message: InboundMessage, text: string): void {
    const { controlFrames, errorReplies } = this.#parts;
    try {
      const pending = controlFrames.handle(message, text);
      if (pending !== undefined) errorReplies.refuseIfRejected(message, pending);
    } catch (error) {
      errorReplies.refuse(message, error);
    }
  }

  /** Refuses a frame before `hello`: the first one gets an error, the second one closes the connection. */
  #requireHello({ connection, meta }: InboundMessage): void {
    connection.violations ??= new ViolationCounters();
    if (connection.violations.helloReminderSent) connection.close(CloseCode.ProtocolBroken, "hello was due");
    const error = new HalyardError("conflict", "The first frame is hello.");
    this.#parts.errorReplies.replyWithError(connection, error, answerKeyOf(meta));
    connection.violations.helloReminderSent = true;
  }

  #handleHello({ connection, frame, meta }: InboundMessage): void {
    const { controlFrames, errorReplies } = this.#parts;
    const hello = parseHello(frame);
    if (hello instanceof InvalidMessageError) {
      errorReplies.replyWithError(connection, hello, meta.id);
      connection.close(CloseCode.ProtocolBroken, "hello was not valid");
      return;
    }
    connection.acceptsHello = false;
    controlFrames.handleHello(connection, hello, meta.id).then(
      () => {
        this.flushBuffered(connection);
      },
      (error: unknown) => {
        errorReplies.replyWithError(connection, error, meta.id);
        // With 1013 the client reconnects, because a retryable error is not the client's fault.
        const { retryable, code } = toHalyardError(error);
        connection.close(retryable ? 1013 : code === "internal" ? 1011 : CloseCode.ProtocolBroken);
      },
    );
  }
}

const NO_META = [{ path: "$", message: "not the reserved field of a frame" }];

/** Whether a pong answers a ping that the server sent between the pieces of a replay. */
function isAnswerToReplayPing({ backlog }: Connection): boolean {
  if (backlog === undefined || backlog.unansweredPings === 0) return false;
  backlog.unansweredPings--;
  return true;
}

/** Whether the connection waits for its admission, for the rate of its `hello`, or for the welcome after it. */
function isOpening({ stage, acceptsHello }: Connection): boolean {
  return stage === "opening" || (stage === "handshaking" && !acceptsHello);
}
