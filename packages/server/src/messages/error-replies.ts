import type { HalyardError } from "@halyard/protocol/wire";
import { CloseCode } from "@halyard/protocol/wire";
import type { Connection } from "../connection/connection.ts";
import type { Core } from "./server-context.ts";
import { errorJson, toHalyardError } from "../utils/errors.ts";
import { Frame } from "../delivery/outbound-frame.ts";
import { Strikes } from "../security/violation-counters.ts";

const INVALID_MESSAGES = 10;
const REFUSED_MESSAGES = 50;

type Shut = (connection: Connection, code: number, reason?: string) => void;

/** Tells senders what went wrong, and ends connections with which too much goes wrong. */
export class Failures {
  readonly #core: Core;
  readonly #shut: Shut;

  constructor(core: Core, shut: Shut) {
    this.#core = core;
    this.#shut = shut;
  }

  /** @param re what the sender called the message */
  tell(connection: Connection, error: unknown, re?: number | string): void {
    const told = toHalyardError(error);
    if (told !== error) this.#core.report(error, { type: "message", ws: connection.ws });
    answer(connection, errorJson(told).slice(0, -1), re);
    this.count(connection, told);
  }

  /**
   * A numbered send could not even be looked up. An answer would use up its number on this side only, so the client is
   * sent away to come back with it.
   */
  sendAway(connection: Connection, error: unknown): void {
    this.#core.report(error, { type: "backplane", ws: connection.ws });
    this.#shut(connection, 1013);
  }

  count(connection: Connection, error: HalyardError): void {
    const { code } = error;
    this.#core.security.refused(connection, error);
    const now = this.#core.clock.now();
    if (code === "invalid_json" || code === "invalid_message") {
      connection.strikes ??= new Strikes();
      if (connection.strikes.invalid.add(now) >= INVALID_MESSAGES) {
        this.#shut(connection, CloseCode.ProtocolBroken, "too many invalid messages");
      }
    } else if (code === "rate_limited" || code === "limit_exceeded") {
      connection.strikes ??= new Strikes();
      if (connection.strikes.refused.add(now) >= REFUSED_MESSAGES) {
        this.#shut(connection, CloseCode.Flooding, "retryAfterMs=5000");
      }
    }
  }
}

/**
 * Sends an answer, with what it answers.
 *
 * @param open its JSON text without the last brace: what is behind it can be added without a copy
 */
export function answer(connection: Connection, open: string, re: number | string | undefined): undefined {
  const end = re === undefined ? "}" : `,"$":{"re":${quote(re)}}}`;
  connection.push(new Frame(open + end, false, false));
}

/** As JSON. Most ids need no escapes, which is seen faster than the general way is gone. */
function quote(re: number | string): string {
  return typeof re === "string" && isPlain(re) ? `"${re}"` : JSON.stringify(re);
}

function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char < 0x20 || char > 0x7e || char === 0x22 || char === 0x5c) return false;
  }
  return true;
}
