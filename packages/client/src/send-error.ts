import type { ErrorCode } from "@halyard/protocol";
import { ERROR_CODES, HalyardError } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";

/** Why something was refused. */
export interface SendError {
  readonly code: ErrorCode;
  readonly message: string;
  /** Whether trying the same thing again later can succeed. */
  readonly retryable: boolean;
  /** How long to wait before that, where the server said so. */
  readonly retryAfterMs?: number | undefined;
}

/** An error of the client's own making. A code that this version does not know is `internal`. */
export function sendError(said: unknown): SendError {
  const code = Object.hasOwn(ERROR_CODES, String(said)) ? (said as ErrorCode) : "internal";
  const { message, retryable } = new HalyardError(code);
  return { code, message, retryable };
}

/** The error in a frame. */
export function readError({ code, message, retryable, retryAfterMs }: Frame): SendError {
  return { ...sendError(code), message, retryable, retryAfterMs } as SendError;
}
