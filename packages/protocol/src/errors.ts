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

/** What errors of all copies of the package have. */
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
  /** What has caused the error, as in every `Error`. @default undefined */
  readonly cause?: unknown;
  /**
   * How long the other end waits before it tries again, in milliseconds. Sent with `rate_limited` and `unavailable`.
   * @default undefined: the other end chooses
   */
  readonly retryAfterMs?: number | undefined;
  /**
   * Whether the same message can succeed when it is sent again later; set for an error that came over the wire.
   * @default the value in `ERROR_CODES`
   */
  readonly retryable?: boolean | undefined;
  /** The data of an error of the application's own, which came over the wire. @default undefined */
  readonly data?: unknown;
  /** What of a value does not fit its schema; the first eight are kept. @default none */
  readonly issues?: readonly ValidationIssue[] | undefined;
}

/**
 * The one error type of Halyard. When a handler throws it, the sender gets exactly this code and message. Every other
 * exception reaches the sender as `internal`, without its text.
 *
 * @example
 * throw new HalyardError("not_found", "There is no poll with this id.");
 */
export class HalyardError extends Error {
  /** Whether a value is an error of Halyard, whichever copy of the package has made it: ES module, CommonJS, another version. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // A class that extends this one has its own instances only.
    // Written without the name of the class, which a bundler would change for it, and the console would show.
    const isBaseClass = Object.hasOwn(this.prototype, BRAND);
    return BRAND in Object(value) && (isBaseClass || super[Symbol.hasInstance](value));
  }

  override readonly name = "HalyardError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** The data of an error of the application's own: see `isErrorOf`, which gives it its type. Otherwise undefined. */
  readonly data: unknown;
  /** What of a message or an input does not fit its schema, at most five; the first one is in `message`, too. */
  readonly issues: readonly ValidationIssue[];

  /** @param message the text that the sender gets. @default the code, in words */
  constructor(code: ErrorCode, message = code.replaceAll("_", " "), options?: HalyardErrorOptions) {
    super(message, options);
    this.code = code;
    // A pattern instead of the table, which would be in every client bundle. A test holds the two together.
    this.retryable = options?.retryable ?? /^(rate_limited|timeout|unavailable)$/.test(code);
    this.retryAfterMs = options?.retryAfterMs;
    this.data = options?.data;
    // What came over the wire may be anything.
    this.issues = Array.isArray(options?.issues) ? options.issues.slice(0, 8) : [];
  }
}

Object.assign(HalyardError.prototype, { [BRAND]: true });

/**
 * Calls code of the application, and returns its answer. What it throws, and what it rejects with, goes to `onFailure`,
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
 * Gives an error that was made when a frame arrived the lines that wait for it, as far as the engine knows them. Called after
 * the `await` of an asynchronous function.
 */
export function traceCaller(error: unknown): unknown {
  if (error instanceof HalyardError) (Error as StackCapture).captureStackTrace?.(error);
  return error;
}

/** Not every engine can. */
interface StackCapture {
  readonly captureStackTrace?: (error: Error) => void;
}
