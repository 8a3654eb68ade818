// Sends replies and errors to clients. Called wherever a client's frame fails, in messages/ and in handshake/.
// Guarantees: a connection with 10 invalid messages or 50 refused ones within the window of ViolationCounters is closed.
import type { HalyardError } from "@halyard/protocol/wire";
import { CloseCode, normalizeRoomName } from "@halyard/protocol/wire";
import { roomNameOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { RateLimits } from "../connection/rate-limits.ts";
import type { FrameSubject, SecurityReporter } from "../security/security-reporter.ts";
import { ViolationCounters } from "../security/violation-counters.ts";
import type { Clock, ErrorContext } from "../types.ts";
import type { MessageLog } from "./message-log.ts";
import { errorJson, InvalidMessageError, isFailure, LimitError, toHalyardError } from "../utils/errors.ts";

interface ErrorRepliesParts {
  readonly clock: Clock;
  readonly messageLog: MessageLog | undefined;
  readonly rateLimits: Pick<RateLimits, "chargeFor">;
  readonly report: (error: unknown, context: ErrorContext) => void;
  readonly securityReporter: SecurityReporter;
}

/** The fields of the frames that name a room or a request. */
interface SubjectFields {
  readonly type: string;
  readonly name?: unknown;
  readonly room?: unknown;
  readonly input?: unknown;
}

interface FailedFrame {
  readonly connection: Connection;
  readonly re: number | string | undefined;
  readonly subject?: FrameSubject;
}

const MAX_INVALID_MESSAGES = 10;
const MAX_REFUSED_MESSAGES = 50;

/** Sends errors to clients, counts them, and closes connections with too many. */
export class ErrorReplies {
  readonly #parts: ErrorRepliesParts;

  constructor(parts: ErrorRepliesParts) {
    this.#parts = parts;
  }

  /** @param re the `seq` or `id` of the frame that failed */
  replyWithError(connection: Connection, error: unknown, re?: number | string): void {
    this.#reply({ connection, re }, error);
  }

  /** Like {@link replyWithError}, for a frame that has been read: reports and the log then name what it asked for. */
  refuse(message: InboundMessage, error: unknown): void {
    const { connection, meta } = message;
    this.#reply({ connection, re: meta.id, subject: subjectOf(message) }, error);
  }

  /** Like {@link refuse}, when a promise rejects. Until then the frame is not kept. */
  refuseIfRejected(message: InboundMessage, pending: Promise<void>): void {
    const { connection, meta } = message;
    const failed: FailedFrame = { connection, re: meta.id, subject: subjectOf(message) };
    pending.catch((error: unknown) => {
      this.#reply(failed, error);
    });
  }

  #reply({ connection, re, subject }: FailedFrame, error: unknown): void {
    const publicError = toHalyardError(error);
    if (isFailure(error)) this.#parts.report(error, { type: "message", ...subject, ws: connection.ws });
    sendReply(connection, errorJson(publicError).slice(0, -1), re);
    this.countViolation(connection, publicError, subject);
  }

  /**
   * Closes the connection with 1013, because the backplane could not look up a numbered send, or did not confirm whether it has
   * stored the message, for as long as the client waits. An error reply would use up the number on the client only; after
   * a reconnect the client sends the same number again, followed by those that wait here.
   */
  closeWithError(connection: Connection, error: unknown): void {
    this.#parts.report(error, { type: "backplane", ws: connection.ws });
    connection.dropSends();
    connection.close(1013);
  }

  /** Counts an error that was sent to a client, and closes the connection if there are too many. */
  countViolation(connection: Connection, error: HalyardError, subject?: FrameSubject): void {
    const { code } = error;
    this.#parts.messageLog?.refused(connection, error);
    this.#parts.rateLimits.chargeFor(connection, error);
    this.#parts.securityReporter.recordRefusal(connection, error, subject);
    const now = this.#parts.clock.now();
    // An error that a handler throws itself is not counted against the client.
    if (code === "invalid_json" || error instanceof InvalidMessageError) {
      connection.violations ??= new ViolationCounters();
      if (connection.violations.invalid.add(now) >= MAX_INVALID_MESSAGES) {
        connection.close(CloseCode.ProtocolBroken, "too many invalid messages");
      }
    } else if (error instanceof LimitError && code !== "payload_too_large") {
      connection.violations ??= new ViolationCounters();
      if (connection.violations.refused.add(now) >= MAX_REFUSED_MESSAGES) {
        connection.close(CloseCode.Flooding, "retryAfterMs=5000");
      }
    }
  }
}

/** What a frame asked for, to be named in reports and the log. */
export function subjectOf({ frame, meta }: Pick<InboundMessage, "frame" | "meta">): FrameSubject {
  const { type, name, input, room = (Object(input) as Partial<SubjectFields>).room }: SubjectFields = frame;
  return {
    type: type === "request" && typeof name === "string" ? name : type,
    room: normalizeRoomName(room) ?? roomNameOf(meta.ch ?? ""),
  };
}

/**
 * Sends a reply or an error to the client.
 *
 * @param prefix the JSON text without its last brace, so that the reserved field is appended without a second parse
 * @param re the `seq` or `id` of the frame that this answers
 */
export function sendReply(
  connection: Connection,
  prefix: string,
  re: number | string | undefined,
): undefined {
  const suffix = re === undefined ? "}" : `,"$":{"re":${quote(re)}}}`;
  connection.push(new OutboundFrame(prefix + suffix, false, false));
}

/** A number or id as JSON. Most ids need no escapes, and scanning for them costs less than JSON.stringify. */
function quote(re: number | string): string {
  return typeof re === "string" && needsNoEscaping(re) ? `"${re}"` : JSON.stringify(re);
}

function needsNoEscaping(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char < 0x20 || char > 0x7e || char === 0x22 || char === 0x5c) return false;
  }
  return true;
}
