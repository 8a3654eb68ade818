import type { Logger } from "../logger.ts";
import type { SecurityEvent } from "../security-event.ts";
import type { Clock } from "../types.ts";

const INTERVAL_MS = 10_000;
/** More addresses than this at a time share a line. */
const MAX_LINES_PER_INTERVAL = 1_000;

interface Line {
  readonly event: SecurityEvent;
  repeated: number;
}

/** Writes the first event of each kind, reason and address at once, and how many followed every ten seconds. */
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
    const fullKey = `${event.kind} ${event.reason}`;
    const eventKey = `${fullKey} ${event.address ?? ""}`;
    const isKnown = this.#lines.has(eventKey);
    const key = isKnown || this.#lines.size < MAX_LINES_PER_INTERVAL ? eventKey : fullKey;
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

  /** Writes what is still to be told, and ends. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { event, repeated } of this.#lines.values()) if (repeated > 0) this.#log(event, repeated);
    this.#lines.clear();
  }

  /** What went on is told as a number, and watched for another interval. */
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
      ...(address === undefined ? {} : { address: printable(address) }),
      ...(userId === undefined ? {} : { userId: printable(userId) }),
      ...(connectionId === undefined ? {} : { connectionId }),
      ...(repeated === 0 ? {} : { repeated }),
    };
    this.#logger.warn(fields, "security event");
  }
}

/** An id may come from anywhere: nothing of it may begin a line of its own, or fill one. */
function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, "?");
}
