// Records every security event of the node.
// The handshake, error replies and the runtimes report events; the log, the counters and, through the hook queue,
// `onSecurityEvent` receive them.
// Guarantees: reporting never throws; an event contains no token and no text that a client wrote.

import type { HalyardError } from "@halyard/protocol/wire";
import { CloseCode } from "@halyard/protocol/wire";
import { LimitError, ForbiddenError } from "../utils/errors.ts";
import type { Logger } from "../logger.ts";
import type { LimitName, SecurityCounts, SecurityEvent, SecurityFacts } from "../security-event.ts";
import { dateOf } from "@halyard/protocol/internal";
import { SecurityLog } from "./security-log.ts";
import type { RefusedFrame } from "./security-log.ts";
import type { Clock } from "../types.ts";

/** The dependencies of {@link SecurityReporter}. */
export interface SecurityReporterParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Must not throw. */
  readonly hook: ((event: SecurityEvent) => void) | undefined;
}

/** A security event without its time and subject. */
export type SecurityEventInput = SecurityEvent extends infer TEvent
  ? TEvent extends SecurityEvent
    ? Omit<TEvent, keyof SecurityFacts>
    : never
  : never;

/** The connection that an event concerns. */
export interface SecuritySubject {
  readonly id: string;
  readonly userId: string;
  readonly address: string | undefined;
}

/** What a client asked for, as named in the log. Events themselves contain no text of a client. */
export interface FrameSubject {
  /** The type of the message, or the name of the request, if the application or Halyard defines it. */
  readonly type: string;
  readonly room: string | undefined;
}

type EventSubject = Partial<Omit<SecurityFacts, "at">>;

/** Counts, logs and passes on each security event. */
export class SecurityReporter {
  readonly #parts: SecurityReporterParts;
  readonly #log: SecurityLog;
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(parts: SecurityReporterParts) {
    this.#parts = parts;
    this.#log = new SecurityLog(parts.clock, parts.logger);
  }

  /** Never throws. */
  record(
    input: SecurityEventInput,
    { address, userId, connectionId }: EventSubject = {},
    refused?: RefusedFrame,
  ): void {
    const { clock, hook } = this.#parts;
    const event: SecurityEvent = { ...input, at: dateOf(clock), address, userId, connectionId };
    const counts = this.#counts.get(event.kind) ?? new Map<string, number>();
    this.#counts.set(event.kind, counts);
    counts.set(event.reason, (counts.get(event.reason) ?? 0) + 1);
    this.#log.write(event, refused);
    hook?.(event);
  }

  /** Records that a client got `forbidden` or reached a limit. */
  recordRefusal(connection: SecuritySubject, error: HalyardError, frame?: FrameSubject): void {
    if (error.code === "forbidden") {
      const isOwn = error instanceof ForbiddenError;
      const reason = isOwn ? error.action : "application";
      const refused = { ...frame, rule: isOwn ? error.rule : "the application threw forbidden" };
      this.record({ kind: "forbidden", reason, code: undefined }, subjectOf(connection), refused);
    } else if (error instanceof LimitError) {
      this.record({ kind: "limit", reason: error.limit, code: undefined }, subjectOf(connection));
    }
  }

  /** Records that the server closes a connection. Most close codes are not security events. */
  recordClose(connection: SecuritySubject, code: number, limit?: LimitName): void {
    const input = eventForClose(code, limit);
    if (input !== undefined) this.record(input, subjectOf(connection));
  }

  /** Records that the runtime closed a connection because of invalid bytes from its peer. */
  recordProtocolError(connection: SecuritySubject, code: number): void {
    const input: SecurityEventInput =
      code === 1009
        ? { kind: "limit", reason: "messageBytes", code }
        : { kind: "protocol_broken", reason: "frame", code };
    this.record(input, subjectOf(connection));
  }

  get counts(): SecurityCounts {
    const counts = [...this.#counts].map(([kind, byReason]) => [kind, Object.fromEntries(byReason)]);
    return Object.fromEntries(counts) as SecurityCounts;
  }

  stop(): void {
    this.#log.stop();
  }
}

function subjectOf({ id: connectionId, userId, address }: SecuritySubject): EventSubject {
  return { connectionId, userId, address };
}

function eventForClose(code: number, limit?: LimitName): SecurityEventInput | undefined {
  switch (code) {
    case CloseCode.Unauthenticated:
      return { kind: "revoked", reason: "unauthenticated", code };
    case CloseCode.Forbidden:
      return { kind: "revoked", reason: "forbidden", code };
    case CloseCode.Flooding:
      return { kind: "flood", reason: limit ?? "messagesPerSecond", code };
    case CloseCode.ProtocolBroken:
      return { kind: "protocol_broken", reason: "message", code };
    default: {
      const reason = limit ?? LIMIT_OF.get(code);
      return reason === undefined ? undefined : { kind: "limit", reason, code };
    }
  }
}

const LIMIT_OF: ReadonlyMap<number, LimitName> = new Map([
  [CloseCode.SlowReader, "maxBufferedBytes"],
  [CloseCode.Unfinished, "helloMs"],
  [CloseCode.ConnectionLimit, "maxConnectionsPerUser"],
  [CloseCode.Evicted, "maxConnectionsPerUser"],
  [CloseCode.TooLarge, "messageBytes"],
]);
