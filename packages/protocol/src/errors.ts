/** Every error code of the wire, and whether the same message can succeed when it is sent again later. */
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

/** An error code of the wire. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The brand that errors of all copies of the package have. */
const BRAND = Symbol.for("halyard.error.1");
/** One reason why a value does not fit its schema. */
export interface ValidationIssue {
  /** The path in the value, `a.b[0].c`; empty for the value itself. */
  readonly path: string;
  /** The reason, in zod's words. */
  readonly message: string;
}

/** The options of {@link HalyardError}. */
export interface HalyardErrorOptions {
  /** The cause of the error, as in every `Error`. @default undefined */
  readonly cause?: unknown;
  /**
   * How long the other end should wait before a retry, in milliseconds. Sent with `rate_limited` and `unavailable`.
   * @default undefined: the other end chooses
   */
  readonly retryAfterMs?: number | undefined;
  /**
   * Whether the same message can succeed when it is sent again later; set for an error that came over the wire.
   * @default the value in `ERROR_CODES`
   */
  readonly retryable?: boolean | undefined;
  /** The data of an application error that came over the wire. @default undefined */
  readonly data?: unknown;
  /** Why a value does not fit its schema; the first five issues are kept. @default none */
  readonly issues?: readonly ValidationIssue[] | undefined;
}

/**
 * Halyard's error type. When a handler throws it, the sender gets exactly this code and message. Any other
 * exception reaches the sender as `internal`, without its text.
 *
 * @example
 * throw new HalyardError("not_found", "There is no poll with this id.");
 */
export class HalyardError extends Error {
  /** Whether a value is an error of Halyard, from any copy of the package: ES module, CommonJS, another version. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass only matches its own instances.
    // Written without the class name, because a bundler would rename the class for it, and the console would show that name.
    const isBaseClass = Object.hasOwn(this.prototype, BRAND);
    return BRAND in Object(value) && (isBaseClass || super[Symbol.hasInstance](value));
  }

  override readonly name = "HalyardError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** The data of an application error, otherwise undefined. `isErrorOf` gives it its type. */
  readonly data: unknown;
  /** Why a message or an input does not fit its schema, at most five issues; `message` contains the first one, too. */
  readonly issues: readonly ValidationIssue[];

  /** @param message the text that the sender gets. @default the code, in words */
  constructor(code: ErrorCode, message = code.replaceAll("_", " "), options?: HalyardErrorOptions) {
    super(message, options);
    this.code = code;
    // A pattern instead of the table, which would be in every client bundle. A test keeps the two consistent.
    this.retryable = options?.retryable ?? /^(rate_limited|timeout|unavailable)$/.test(code);
    this.retryAfterMs = options?.retryAfterMs;
    this.data = options?.data;
    // A value from the wire may be anything.
    this.issues = Array.isArray(options?.issues) ? options.issues.slice(0, 5) : [];
  }
}

Object.assign(HalyardError.prototype, { [BRAND]: true });

/**
 * Calls code of the application and returns its answer. Its errors and rejections go to `onFailure`,
 * which must not throw.
 */
export function callSafely<TAnswer>(
  call: () => TAnswer,
  onFailure: (error: unknown) => void,
): TAnswer | undefined {
  try {
    const answer = call();
    if (isThenable(answer)) Promise.resolve(answer).then(undefined, onFailure);
    return answer;
  } catch (error) {
    onFailure(error);
    return undefined;
  }
}

/** Whether a value is awaited by `await`. Throws what a getter named `then` throws. */
export function isThenable<TValue>(value: TValue | PromiseLike<TValue>): value is PromiseLike<TValue> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Adds the stack of the waiting caller to an error that was created when a frame arrived, as far as the engine knows it. Called after
 * the `await` of an asynchronous function.
 */
export function traceCaller(error: unknown): unknown {
  if (error instanceof HalyardError) (Error as StackCapture).captureStackTrace?.(error);
  return error;
}

/** Optional, because not every engine supports it. */
interface StackCapture {
  readonly captureStackTrace?: (error: Error) => void;
}
