import type { ErrorCode } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame, HalyardErrorOptions } from "@halyard/protocol/wire";

/** Why something was refused: a `HalyardError`. */
export interface SendError {
  readonly code: ErrorCode;
  readonly message: string;
  /** Whether trying the same thing again later can succeed. */
  readonly retryable: boolean;
  /** How long to wait before that, where the server said so. */
  readonly retryAfterMs?: number | undefined;
}

/** The error in a frame. */
export function readError({ code, message, ...options }: Partial<Frame>): HalyardError {
  return new HalyardError(code as ErrorCode, message as string | undefined, options as HalyardErrorOptions);
}
