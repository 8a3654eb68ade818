import type { AnyProtocol, ApplicationErrorOf, ErrorCode, ValidationIssue } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame, HalyardErrorOptions } from "@halyard/protocol/wire";

/** Why a message or a room was rejected: a `HalyardError`. */
export interface SendError {
  /** The error code, on which the application can base its decisions. */
  readonly code: ErrorCode;
  /** A description in English, for logs. */
  readonly message: string;
  /** Whether the same operation may succeed later. */
  readonly retryable: boolean;
  /** How long to wait before a retry, in milliseconds; undefined if the server names no time. */
  readonly retryAfterMs?: number | undefined;
  /** Why the message does not fit its schema, at most five issues; `message` contains the first one, too. */
  readonly issues?: readonly ValidationIssue[] | undefined;
}

/** Why a message was rejected, with the errors of the contract: `code` narrows their `data`. */
export type SendErrorOf<TProtocol extends AnyProtocol> = SendError | ApplicationErrorOf<TProtocol>;

/** Reads the error in a frame. If the frame has an application error, its code replaces the general code. */
export function readError(frame: Partial<Frame>): HalyardError {
  const { code, message, ...options } = { ...frame, ...(frame["application"] as Partial<Frame> | undefined) };
  return new HalyardError(code as ErrorCode, message as string | undefined, options as HalyardErrorOptions);
}
