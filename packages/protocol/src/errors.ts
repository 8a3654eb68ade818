/** Every error code of the wire, and whether trying the same thing again later can succeed. */
export const ERROR_CODES = {
  invalid_json: { retryable: false, message: "The frame is not JSON." },
  invalid_message: { retryable: false, message: "The message does not fit its schema." },
  unknown_type: { retryable: false, message: "Nothing here handles this message type." },
  unauthenticated: { retryable: false, message: "There is no valid session." },
  forbidden: { retryable: false, message: "This is not allowed." },
  not_found: { retryable: false, message: "There is no such thing." },
  conflict: { retryable: false, message: "This does not fit what came before." },
  rate_limited: { retryable: true, message: "Too many messages; wait." },
  payload_too_large: { retryable: false, message: "The message is too large." },
  limit_exceeded: { retryable: false, message: "A limit is reached." },
  timeout: { retryable: true, message: "It took too long." },
  unavailable: { retryable: true, message: "Not available right now." },
  contract_mismatch: { retryable: false, message: "Client and server do not share a contract." },
  internal: { retryable: false, message: "The server failed to handle this." },
} as const satisfies Record<string, { readonly retryable: boolean; readonly message: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface HalyardErrorOptions extends ErrorOptions {
  /** How long to wait before trying again, in milliseconds. Goes out with `rate_limited` and `unavailable`. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The one error type of Halyard. A handler that throws one answers its sender with exactly this code and message;
 * anything else that is thrown reaches the sender as `internal`, without its text.
 *
 * @example
 * throw new HalyardError("not_found", "There is no poll with this id.");
 */
export class HalyardError extends Error {
  override readonly name = "HalyardError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  /** @param message what the sender may read. @default the table's sentence for the code */
  constructor(code: ErrorCode, message: string = ERROR_CODES[code].message, options?: HalyardErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = ERROR_CODES[code].retryable;
    this.retryAfterMs = options?.retryAfterMs;
  }
}
