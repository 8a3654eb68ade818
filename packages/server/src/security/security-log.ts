import { printableAscii } from "@halyard/protocol/internal";
import type { Logger } from "../logger.ts";
import type { SecurityEvent } from "../security-event.ts";
import type { Clock } from "../types.ts";

const INTERVAL_MS = 10_000;
/** Above this many lines, events of one kind and reason share a line. */
const MAX_LINES_PER_INTERVAL = 1_000;

const SENTENCES: Readonly<Record<SecurityEvent["kind"], string>> = {
  upgrade_refused: "an upgrade was refused",
  protocol_broken: "a connection was closed for what its client sent",
  flood: "a connection was closed because its client sends too much",
  limit: "a limit was reached",
  forbidden: "a user tried what the application does not allow",
  revoked: "a connection was closed because its session or right has ended",
};

/** How much of an address or a user id a line shows. */
const MAX_ID_LENGTH = 64;

interface Line {
  readonly event: SecurityEvent;
  repeated: number;
}

/** Logs the first event of each kind, reason and address at once, and then every ten seconds how many followed. */
export class SecurityLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lines = new Map<string, Line>();
  #timer: unknown;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  write(event: SecurityEvent): void {
    const eventKey = `${event.kind} ${event.reason}`;
    const addressKey = `${eventKey} ${event.address ?? ""}`;
    const isKnown = this.#lines.has(addressKey);
    const key = isKnown || this.#lines.size < MAX_LINES_PER_INTERVAL ? addressKey : eventKey;
    const line = this.#lines.get(key);
    if (line !== undefined) {
      line.repeated++;
      return;
    }
    this.#lines.set(key, { event, repeated: 0 });
    this.#log(event, 0);
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#logSummary();
    }, INTERVAL_MS);
  }

  /** Logs the counts of the running interval, and stops. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { event, repeated } of this.#lines.values()) if (repeated > 0) this.#log(event, repeated);
    this.#lines.clear();
  }

  /** Logs how many events repeated, and keeps their lines for another interval. */
  #logSummary(): void {
    this.#timer = undefined;
    for (const [key, line] of this.#lines) {
      if (line.repeated === 0) this.#lines.delete(key);
      else {
        this.#log(line.event, line.repeated);
        line.repeated = 0;
      }
    }
    if (this.#lines.size === 0) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#logSummary();
    }, INTERVAL_MS);
  }

  #log({ at, kind, reason, address, userId, connectionId, code }: SecurityEvent, repeated: number): void {
    const fields = {
      at: new Date(at).toISOString(),
      kind,
      reason,
      ...(code === undefined ? {} : { code }),
      ...(address === undefined ? {} : { address: printableAscii(address, MAX_ID_LENGTH) }),
      ...(userId === undefined ? {} : { userId: printableAscii(userId, MAX_ID_LENGTH) }),
      ...(connectionId === undefined ? {} : { connectionId }),
      ...(repeated === 0 ? {} : { repeated }),
    };
    // A sign-out, a ban and a deployment are the application's own decisions.
    const level = kind === "revoked" || reason === "draining" ? "info" : "warn";
    this.#logger[level](fields, `security event: ${SENTENCES[kind]}`);
  }
}
