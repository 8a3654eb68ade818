import type { AnyProtocol, ApplicationErrorOf, ErrorCode, ValidationIssue } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame, HalyardErrorOptions } from "@halyard/protocol/wire";

/** Why a message or a room was rejected: a `HalyardError`. */
export interface SendError {
  /** What went wrong, for the application to decide by. */
  readonly code: ErrorCode;
  /** The same in English, for logs. */
  readonly message: string;
  /** Whether the same thing may succeed later. */
  readonly retryable: boolean;
  /** How long to wait before that, in milliseconds; undefined when the server names no time. */
  readonly retryAfterMs?: number | undefined;
  /** What of the message does not fit its schema, at most five; the first one is in `message`, too. */
  readonly issues?: readonly ValidationIssue[] | undefined;
}

/** Why a message was rejected, with the errors of the contract: `code` narrows their `data`. */
export type SendErrorOf<TProtocol extends AnyProtocol> = SendError | ApplicationErrorOf<TProtocol>;

/** The error in a frame. The code of an error of the application's own stands in place of the one beside it. */
export function readError(frame: Partial<Frame>): HalyardError {
  const { code, message, ...options } = { ...frame, ...(frame["application"] as Partial<Frame> | undefined) };
  return new HalyardError(code as ErrorCode, message as string | undefined, options as HalyardErrorOptions);
}
