/** Every error code of the wire, and whether trying the same thing again later can succeed. */
export const ERROR_CODES = {
  invalid_json: false,
  invalid_message: false,
  unknown_type: false,
  unauthenticated: false,
  forbidden: false,
  not_found: false,
  conflict: false,
  rate_limited: true,
  payload_too_large: false,
  limit_exceeded: false,
  timeout: true,
  unavailable: true,
  contract_mismatch: false,
  internal: false,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface HalyardErrorOptions extends ErrorOptions {
  /** How long to wait before trying again, in milliseconds. Goes out with `rate_limited` and `unavailable`. */
  readonly retryAfterMs?: number | undefined;
  /** What the other end says of a code that is its own. @default as in `ERROR_CODES` */
  readonly retryable?: boolean | undefined;
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

  /** @param message what the sender may read. @default the code, in words */
  constructor(code: ErrorCode, message = code.replaceAll("_", " "), options?: HalyardErrorOptions) {
    super(message, options);
    this.code = code;
    // Written out, because the table would be in every bundle. A test holds the two together.
    this.retryable = options?.retryable ?? /^(rate_limited|timeout|unavailable)$/.test(code);
    this.retryAfterMs = options?.retryAfterMs;
  }
}
