import { clientMessages } from "@halyard/protocol";
import type { Frame as WireFrame } from "@halyard/protocol/wire";
import { CloseCode, decodeFrame, HalyardError } from "@halyard/protocol/wire";
import type { Connection, Shut } from "../connection/connection.ts";
import type { Control } from "./control-frames.ts";
import type { Core } from "./server-context.ts";
import { bracketsOf, digestOf } from "../utils/text-digest.ts";
import { InvalidMessage, LimitError, toHalyardError } from "../utils/errors.ts";
import type { Failures } from "./error-replies.ts";
import { readMeta } from "./frame-meta.ts";
import { idAtEnd, withoutEnd } from "./trailing-id.ts";
import type { Received, Sends } from "./client-sends.ts";
import { Strikes } from "../security/violation-counters.ts";
import type { Throttle } from "../connection/rate-limits.ts";

const WAITING_FRAMES = 32;
const WAITING_BYTES = 256 * 1024;
const OVERSIZED_MESSAGES = 3;

export interface InboundParts {
  readonly core: Core;
  readonly control: Control;
  readonly sends: Sends;
  readonly throttle: Throttle;
  readonly failures: Failures;
  readonly shut: Shut;
}

/** The way in: size, rate, JSON, depth, then to whom it belongs. Each failure is told to the sender, typed. */
export class Inbound {
  readonly #parts: InboundParts;

  constructor(parts: InboundParts) {
    this.#parts = parts;
  }

  /** @param isNext whether it came in one piece with the one before: what comes together comes at one time */
  receive(connection: Connection, text: string, isNext = false): void {
    if (connection.stage === "closed") return;
    if (!isNext) connection.seenAt = this.#parts.core.clock.now();
    connection.unfinishedSince = undefined;
    // Whatever waits goes first.
    if (connection.stage === "opening" || connection.waiting !== undefined) this.#keep(connection, text);
    else this.#read(connection, text);
  }

  /** A WebSocket ping or pong came in: a sign of life, and no more of them than anybody needs. */
  control(connection: Connection): void {
    if (connection.stage === "closed") return;
    const { core, shut, throttle } = this.#parts;
    connection.seenAt = core.clock.now();
    const retryAfterMs = throttle.ping(connection);
    if (retryAfterMs === 0) return;
    shut(connection, CloseCode.Flooding, { reason: "retryAfterMs=5000", limit: "pingsPerSecond" });
  }

  /** Reads what came while admission or the answer to `hello` was under way. */
  release(connection: Connection): void {
    const { waiting } = connection;
    connection.waiting = undefined;
    for (const text of waiting?.texts ?? []) this.receive(connection, text);
  }

  #keep(connection: Connection, text: string): void {
    const waiting = (connection.waiting ??= { texts: [], bytes: 0 });
    waiting.bytes += text.length;
    if (waiting.texts.length < WAITING_FRAMES && waiting.bytes <= WAITING_BYTES) {
      waiting.texts.push(text);
      return;
    }
    const message = "Too much before the connection was open.";
    const error = new LimitError("limit_exceeded", "waitingSends", { message });
    this.#parts.failures.tell(connection, error);
  }

  #read(connection: Connection, text: string): void {
    const { control, core, failures, sends, throttle } = this.#parts;
    const size = sizeOf(text, core.limits.messageBytes);
    if (size > core.limits.messageBytes) {
      this.#refuseOversized(connection);
      return;
    }
    const retryAfterMs = throttle.frame(connection, size, connection.seenAt);
    if (retryAfterMs > 0 && !connection.isV1) {
      failures.tell(connection, tooFast(retryAfterMs));
      return;
    }
    const received = this.#parse(connection, text);
    if (received === undefined) return;
    if (retryAfterMs === 0) {
      this.#route(received);
      return;
    }
    // A v1 client's sends wait their turn; what is ephemeral is dropped, what the server asked for is taken, and
    // nothing else may be over the rate.
    const { frame, meta } = received;
    const isSend = meta.seq !== undefined && !control.handles(frame.type, meta);
    if (isSend && connection.stage === "open") sends.enlist(received, size);
    else if (connection.questions?.answer(frame, meta) === true) return;
    else if (core.types.fromClient(frame.type)?.ephemeral !== true)
      failures.tell(connection, tooFast(retryAfterMs), meta.id);
  }

  #refuseOversized(connection: Connection): void {
    this.#parts.failures.tell(connection, new LimitError("payload_too_large", "messageBytes"));
    connection.strikes ??= new Strikes();
    if (++connection.strikes.oversized >= OVERSIZED_MESSAGES)
      this.#parts.shut(connection, CloseCode.TooLarge);
  }

  #parse(connection: Connection, text: string): Received | undefined {
    const { failures } = this.#parts;
    const digest = digestOf(text);
    const isJson = connection.isV1 || looksLikeJson(text);
    const id = isJson ? idAtEnd(text) : undefined;
    if (id !== undefined) {
      const rest = decodeFrame(withoutEnd(text, id), bracketsOf(digest));
      if (typeof rest !== "string") return { connection, text, frame: rest, meta: { id }, digest };
    }
    const frame = isJson ? decodeFrame(text, bracketsOf(digest)) : plainText(text);
    if (typeof frame === "string") {
      failures.tell(connection, frame === "invalid_json" ? new HalyardError(frame) : new InvalidMessage([]));
      return undefined;
    }
    const meta = readMeta(frame.$);
    if (meta !== undefined) return { connection, text, frame, meta, digest };
    failures.tell(
      connection,
      new InvalidMessage([{ path: "$", message: "not the reserved field of a frame" }]),
    );
    return undefined;
  }

  #route(received: Received): void {
    const { connection, frame, meta, text } = received;
    const { control, failures, sends } = this.#parts;
    const mayGreet = connection.mayGreet || (connection.stage === "greeting" && !connection.isGreeted);
    connection.mayGreet = false;
    if (frame.type === "hello") {
      if (mayGreet) this.#greet(received);
      else failures.tell(connection, new HalyardError("conflict", "hello was said already."), meta.id);
    } else if (connection.stage === "greeting") {
      if (connection.isGreeted) this.#keep(connection, text);
      else this.#warn(received);
    } else if (control.handles(frame.type, meta)) this.#steer(received);
    else sends.enlist(received, 0);
  }

  #steer(received: Received): void {
    const { connection, meta } = received;
    const refuse = (error: unknown): void => {
      this.#parts.failures.tell(connection, error, meta.id);
    };
    try {
      this.#parts.control.handle(received)?.catch(refuse);
    } catch (error) {
      refuse(error);
    }
  }

  /** Before `hello` nothing may come: one error says so, and then the connection ends. */
  #warn({ connection, meta }: Received): void {
    connection.strikes ??= new Strikes();
    if (connection.strikes.wasWarned) this.#parts.shut(connection, CloseCode.ProtocolBroken, "hello was due");
    const error = new HalyardError("conflict", "The first frame is hello.");
    this.#parts.failures.tell(connection, error, meta.seq ?? meta.id);
    connection.strikes.wasWarned = true;
  }

  #greet({ connection, frame, meta }: Received): void {
    const { control, failures, shut } = this.#parts;
    const hello = clientMessages.hello.safeParse(frame);
    if (!hello.success) {
      failures.tell(connection, new InvalidMessage(hello.error.issues.slice(0, 5).map(toIssue)), meta.id);
      shut(connection, CloseCode.ProtocolBroken, "hello was not valid");
      return;
    }
    connection.isGreeted = true;
    control.greet(connection, hello.data, meta.id).then(
      () => {
        this.release(connection);
      },
      (error: unknown) => {
        failures.tell(connection, error, meta.id);
        // What may succeed later is no fault of the client's: it comes back.
        const { retryable, code } = toHalyardError(error);
        shut(connection, retryable ? 1013 : code === "internal" ? 1011 : CloseCode.ProtocolBroken);
      },
    );
  }
}

function tooFast(retryAfterMs: number): HalyardError {
  return new LimitError("rate_limited", "messagesPerSecond", { retryAfterMs });
}

/** Bytes of UTF-8, counted exactly only where it matters. */
function sizeOf(text: string, limit: number): number {
  return text.length > limit || text.length * 3 <= limit ? text.length : encoder.encode(text).length;
}

const encoder = new TextEncoder();

function looksLikeJson(text: string): boolean {
  // JSON's own white space: a byte order mark is none.
  return /^[ \t\r\n]*[[{]/.test(text);
}

/** What a plain client types is chat, unless it is nothing, NUL or a byte order mark. */
function plainText(text: string): WireFrame | "invalid_message" {
  return text === "" || text.startsWith("\0") || text.startsWith("\uFEFF")
    ? "invalid_message"
    : { type: "chat_message", content: text };
}

interface SchemaIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function toIssue({ path, message }: SchemaIssue): { readonly path: string; readonly message: string } {
  return { path: path.map(String).join("."), message };
}
