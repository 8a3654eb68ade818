import type { ErrorCode } from "@halyard/protocol";
import { decodeFrame, ERROR_CODES } from "@halyard/protocol/wire";
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

/** An error of the client's own making. */
export function sendError(code: ErrorCode): SendError {
  return { code, ...ERROR_CODES[code] };
}

/** Why the server would refuse a frame before it looks at whose it is: then it must not be sent. */
export function frameError(text: string, bytes: number, messageBytes: number): SendError | undefined {
  if (bytes > messageBytes) return sendError("payload_too_large");
  return typeof decodeFrame(text) === "string" ? sendError("invalid_message") : undefined;
}

/** The error in a frame. A code that this version does not know is `internal`. */
export function readError({ code, message, retryable, retryAfterMs }: Frame): SendError {
  return {
    code: knownCode(code),
    message: String(message),
    retryable: retryable === true,
    retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : undefined,
  };
}

export function knownCode(code: unknown): ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : "internal";
}
