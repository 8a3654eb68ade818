import { printable, printableAscii } from "@halyard/protocol/internal";
import type { Logger } from "../logger.ts";
import type { SecurityEvent } from "../security-event.ts";
import type { Clock } from "../types.ts";

const INTERVAL_MS = 10_000;
/** Above this number of lines, events of one kind and reason share a line. */
const MAX_LINES_PER_INTERVAL = 1_000;

const SENTENCES: Readonly<Record<SecurityEvent["kind"], string>> = {
  upgrade_refused: "an upgrade was refused",
  protocol_broken: "a connection was closed for what its client sent",
  flood: "a connection was closed because its client sends too much",
  limit: "a limit was reached",
  forbidden: "a user tried what the application does not allow",
  revoked: "a connection was closed because its session or right has ended",
};

const NO_USER = "a visitor was not let in: authenticate gave no user";

/** How many characters of an address or a user id a line shows. */
const MAX_ID_LENGTH = 64;

/** For how many refused frames of one kind, reason and address the log names the user, the room and the type. */
const MAX_SUBJECTS = 10;

/** A refused frame, and the rule that refused it. */
export interface RefusedFrame {
  readonly type?: string;
  /** The room as the client named it. */
  readonly room?: string | undefined;
  readonly rule: string;
}

interface Line {
  readonly event: SecurityEvent;
  readonly refused: RefusedFrame | undefined;
  /** The refused frames that have been named in a line. */
  readonly subjects: Set<string>;
  repeated: number;
}

/**
 * Logs the first event of each kind, reason and address at once, and then every ten seconds the number of repetitions. Refused frames
 * that differ in user, room or type are also logged, up to a bound.
 */
export class SecurityLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lines = new Map<string, Line>();
  #timer: unknown;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  write(event: SecurityEvent, refused?: RefusedFrame): void {
    const eventKey = `${event.kind} ${event.reason}`;
    const addressKey = `${eventKey} ${event.address ?? ""}`;
    const isKnown = this.#lines.has(addressKey);
    const key = isKnown || this.#lines.size < MAX_LINES_PER_INTERVAL ? addressKey : eventKey;
    const subject = refused && JSON.stringify([event.userId, refused]);
    const line = this.#lines.get(key);
    if (line !== undefined) {
      if (subject === undefined || line.subjects.has(subject) || line.subjects.size >= MAX_SUBJECTS)
        line.repeated++;
      else {
        line.subjects.add(subject);
        this.#log({ event, refused, repeated: 0 });
      }
      return;
    }
    const first = { event, refused, subjects: new Set(subject === undefined ? [] : [subject]), repeated: 0 };
    this.#lines.set(key, first);
    this.#log(first);
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#logSummary();
    }, INTERVAL_MS);
  }

  /** Logs the counts of the current interval, and stops. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const line of this.#lines.values()) this.#logCount(line);
    this.#lines.clear();
  }

  /** Logs how many events were repeated, and keeps those lines for another interval. */
  #logSummary(): void {
    this.#timer = undefined;
    for (const [key, line] of this.#lines) {
      if (line.repeated === 0) this.#lines.delete(key);
      else {
        this.#logCount(line);
        line.repeated = 0;
      }
    }
    if (this.#lines.size === 0) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#logSummary();
    }, INTERVAL_MS);
  }

  /** Logs a count. With several users, rooms or types, it names none of them. */
  #logCount({ event, refused, subjects, repeated }: Line): void {
    if (repeated === 0) return;
    if (subjects.size <= 1) this.#log({ event, refused, repeated });
    else this.#log({ event: { ...event, userId: undefined, connectionId: undefined }, repeated });
  }

  #log({ event, refused, repeated }: Pick<Line, "event" | "repeated"> & Partial<Line>): void {
    const { at, kind, reason, address, userId, connectionId, code } = event;
    const fields = {
      at: new Date(at).toISOString(),
      kind,
      reason,
      ...(code === undefined ? {} : { code }),
      ...textsOf({ ...refused, address, userId }),
      ...(connectionId === undefined ? {} : { connectionId }),
      ...(repeated === 0 ? {} : { repeated }),
    };
    if (kind === "upgrade_refused" && reason === "unauthenticated") {
      // Every first visit of a signed-out user causes one, and the client then asks again for the reason.
      this.#logger[repeated === 0 ? "info" : "debug"](fields, NO_USER);
      return;
    }
    // Sign-outs, bans and deployments are decisions of the application.
    if (kind === "revoked" || reason === "draining") this.#logger.info(fields, SENTENCES[kind]);
    else this.#logger.warn(fields, `security event: ${SENTENCES[kind]}`);
  }
}

/** Makes ids and room names printable. Room names may be in any language. */
function textsOf({ room, ...ids }: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const texts = Object.entries(ids).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, printableAscii(value, MAX_ID_LENGTH)] as const],
  );
  const shown = room === undefined ? {} : { room: printable(room, MAX_ID_LENGTH) };
  return { ...Object.fromEntries(texts), ...shown };
}
