import type { ErrorCode } from "@halyard/protocol";
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
}

/** The error in a frame. */
export function readError({ code, message, ...options }: Partial<Frame>): HalyardError {
  return new HalyardError(code as ErrorCode, message as string | undefined, options as HalyardErrorOptions);
}
