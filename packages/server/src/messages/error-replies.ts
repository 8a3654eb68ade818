import type { HalyardError } from "@halyard/protocol/wire";
import { CloseCode } from "@halyard/protocol/wire";
import type { Connection } from "../connection/connection.ts";
import type { ServerContext } from "../server-context.ts";
import { errorJson, toHalyardError } from "../utils/errors.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { ViolationCounters } from "../security/violation-counters.ts";

const INVALID_MESSAGES = 10;
const REFUSED_MESSAGES = 50;

/** Tells senders what went wrong, and ends connections with which too much goes wrong. */
export class ErrorReplies {
  readonly #core: ServerContext;

  constructor(core: ServerContext) {
    this.#core = core;
  }

  /** @param re what the sender called the message */
  replyWithError(connection: Connection, error: unknown, re?: number | string): void {
    const told = toHalyardError(error);
    if (told !== error) this.#core.report(error, { type: "message", ws: connection.ws });
    closeReply(connection, errorJson(told).slice(0, -1), re);
    this.countViolation(connection, told);
  }

  /**
   * A numbered send could not even be looked up. An answer would use up its number on this side only, so the client is
   * sent away to come back with it.
   */
  closeWithError(connection: Connection, error: unknown): void {
    this.#core.report(error, { type: "backplane", ws: connection.ws });
    connection.close(1013);
  }

  countViolation(connection: Connection, error: HalyardError): void {
    const { code } = error;
    this.#core.securityReporter.recordRefusal(connection, error);
    const now = this.#core.clock.now();
    if (code === "invalid_json" || code === "invalid_message") {
      connection.violations ??= new ViolationCounters();
      if (connection.violations.invalid.add(now) >= INVALID_MESSAGES) {
        connection.close(CloseCode.ProtocolBroken, "too many invalid messages");
      }
    } else if (code === "rate_limited" || code === "limit_exceeded") {
      connection.violations ??= new ViolationCounters();
      if (connection.violations.refused.add(now) >= REFUSED_MESSAGES) {
        connection.close(CloseCode.Flooding, "retryAfterMs=5000");
      }
    }
  }
}

/**
 * Sends an answer, with what it answers.
 *
 * @param open its JSON text without the last brace: what is behind it can be added without a copy
 */
export function closeReply(connection: Connection, open: string, re: number | string | undefined): undefined {
  const suffix = re === undefined ? "}" : `,"$":{"re":${quote(re)}}}`;
  connection.push(new OutboundFrame(open + suffix, false, false));
}

/** As JSON. Most ids need no escapes, which is seen faster than the general way is gone. */
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
