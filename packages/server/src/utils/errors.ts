import type { ErrorCode, HalyardErrorOptions } from "@halyard/protocol/wire";
import { IS_FAILURE, printable, replaceLoneSurrogates } from "@halyard/protocol/internal";
import { ERROR_CODES, HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { SchemaFailure, Validation, ValidationIssue } from "@halyard/protocol";
import type { ForbiddenAttempt, LimitName } from "../security-event.ts";
import { jsonBytes, truncateUtf8 } from "./text.ts";

/** An invalid message, with its first validation issues. The sender gets both. */
export class InvalidMessageError extends HalyardError {
  /** The number of all issues that the schema found. */
  readonly issueCount: number;

  constructor(issues: readonly ValidationIssue[], issueCount = issues.length) {
    const [first] = issues;
    super("invalid_message", first && `invalid message: ${describeIssues([first])}`, { issues });
    this.issueCount = issueCount;
  }
}

/** A registered symbol, because a handler may come from another copy of this package. */
const IS_OUTCOME_UNKNOWN = Symbol.for("halyard.is-outcome-unknown.1");

/** Code of the application exceeded its deadline. The sender gets `timeout`, and `onError` gets the error. */
export class DeadlineError extends HalyardError {
  readonly [IS_FAILURE] = true;

  constructor(message?: string) {
    super("timeout", message);
  }
}

/** The application sends more than fits a frame. The sender gets `payload_too_large`, and `onError` gets the error. */
export class PayloadTooLargeError extends HalyardError {
  readonly [IS_FAILURE] = true;

  constructor(type: string) {
    super("payload_too_large", `${type} is larger than the 1 MiB of a frame.`);
  }
}

/** Code of the application in a schema threw. `onError` gets that error, and the sender gets `publicError`. */
export class SchemaFailedError extends Error {
  readonly publicError: HalyardError;

  constructor({ error, retryable }: SchemaFailure, issues: readonly ValidationIssue[]) {
    super("a schema failed", { cause: error });
    this.publicError = retryable
      ? new HalyardError("unavailable", undefined, { cause: error })
      : new InvalidMessageError(issues);
  }
}

/** The error for a value that did not pass its schema. */
export function validationError({
  issues,
  issueCount,
  failure,
}: Extract<Validation, { readonly ok: false }>): HalyardError | SchemaFailedError {
  if (failure === undefined) return new InvalidMessageError(issues, issueCount);
  return failure.error instanceof HalyardError ? failure.error : new SchemaFailedError(failure, issues);
}

/** Whether an error is a failure of the application's code, not an answer that it chose. */
export function isFailure(error: unknown): boolean {
  return !(error instanceof HalyardError) || IS_FAILURE in error;
}

const HAS_EFFECT = Symbol("hasEffect");

/** Marks an error of a handler that has completed or is still running, so that the sender is not told that nothing happened. */
export function withEffect(error: object): object {
  return Object.assign(error, { [HAS_EFFECT]: true });
}

/** Whether an error was marked by {@link withEffect}. */
export function hasEffect(error: unknown): boolean {
  return typeof error === "object" && error !== null && HAS_EFFECT in error;
}

/** Whether an error means that the backplane did not answer, so that the call may have had its effect. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof HalyardError && error.code === "unavailable";
}

/** Whether a call to the backplane, which rejected with this error, certainly had no effect. */
export function isWithoutEffect(error: unknown): boolean {
  return error instanceof HalyardError && "hasNoEffect" in error && error.hasNoEffect === true;
}

/**
 * It is not known whether the backplane has stored a client's message. The sender must
 * not be told that the message was refused: it sends the message again with the same id.
 */
export class OutcomeUnknownError extends HalyardError {
  readonly [IS_OUTCOME_UNKNOWN] = true;

  constructor(options: HalyardErrorOptions = {}) {
    super("unavailable", undefined, { retryAfterMs: 1_000, ...options });
  }
}

/** Whether an error is an {@link OutcomeUnknownError}. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof HalyardError && IS_OUTCOME_UNKNOWN in error;
}

/** A limit was reached. The sender gets the code; the security log also gets the name of the limit. */
export class LimitError extends HalyardError {
  readonly limit: LimitName;

  constructor(
    code: Extract<ErrorCode, "rate_limited" | "limit_exceeded" | "payload_too_large">,
    limit: LimitName,
    { message, ...options }: HalyardErrorOptions & { readonly message?: string } = {},
  ) {
    super(code, message, options);
    this.limit = limit;
  }
}

/** The error for an exceeded rate: the frame may be sent again after `waitMs`. */
export function rateLimitError({ limit, waitMs }: Exceeded): LimitError {
  return new LimitError("rate_limited", limit, { retryAfterMs: waitMs });
}

/** The rate that a frame exceeds, and how long it must wait, in ms. */
export interface Exceeded {
  readonly limit: LimitName;
  readonly waitMs: number;
}

/** The user lacks a right. The sender gets `forbidden`; the security log also gets the action and the rule that refused it. */
export class ForbiddenError extends HalyardError {
  readonly action: ForbiddenAttempt["reason"];
  /** The rule that refused it, for the developer who reads the log. */
  readonly rule: string;

  constructor(
    action: ForbiddenAttempt["reason"],
    { message, rule = RULES[action] ?? "authorize said no" }: { message?: string; rule?: string } = {},
  ) {
    super("forbidden", message);
    this.action = action;
    this.rule = rule;
  }
}

const RULES: Partial<Record<ForbiddenAttempt["reason"], string>> = {
  role: "the user lacks the role that the contract requires",
  membership: "the user is not in the room",
};

/**
 * Turns an unknown error into an error of the protocol. An error that application code threw becomes `internal`: its text goes
 * to `onError`, never to a client.
 */
export function toHalyardError(error: unknown): HalyardError {
  if (error instanceof SchemaFailedError) return error.publicError;
  return error instanceof HalyardError ? error : new HalyardError("internal", undefined, { cause: error });
}

/** An error as one line of at most 400 characters, because error texts may quote what a client sent. Never throws. */
export function describeError(error: unknown): string {
  try {
    return printable(error instanceof Error ? (error.stack ?? error.message) : String(error), 400);
  } catch {
    return "a value that has no text";
  }
}

/** The issues as one line, for error messages that a developer reads. */
export function describeIssues(issues: readonly ValidationIssue[]): string {
  return issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
}

/**
 * The JSON text of an `error` message: at most 1 KiB in its frame, plus the 512 bytes that an application error may have.
 *
 * @param mayHaveRun whether an earlier attempt of the failed operation may have had its effect
 */
export function errorJson(error: HalyardError, mayHaveRun = false): string {
  const { data, issues, message, retryable, retryAfterMs } = error;
  const isOwn = Object.hasOwn(ERROR_CODES, error.code);
  const code = isOwn ? error.code : "internal";
  const publicFields = {
    type: "error",
    code,
    message: truncateUtf8(message, { length: 200, bytes: 360 }),
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
    ...(mayHaveRun ? { mayHaveRun } : {}),
  };
  // Issues quote keys that the client chose, so they are added only as long as the frame stays within its bound.
  const issuesThatFit: ValidationIssue[] = [];
  for (const issue of issues.slice(0, LIMITS.errorIssues)) {
    const next = {
      path: truncateUtf8(issue.path, { length: 60, bytes: 120 }),
      message: truncateUtf8(issue.message, { length: 80, bytes: 120 }),
    };
    if (jsonBytes({ ...publicFields, issues: [...issuesThatFit, next] }) > ERROR_JSON_BYTES) break;
    issuesThatFit.push(next);
  }
  const json = JSON.stringify({
    ...publicFields,
    ...(issuesThatFit.length === 0 ? {} : { issues: issuesThatFit }),
    ...(isOwn ? {} : { application: { code: error.code, data } }),
  });
  // The text may have been cut inside a surrogate pair, above or by the application.
  return replaceLoneSurrogates(json);
}

/** The bound without `$`, whose `re` is a client's text of at most 64 characters. */
const ERROR_JSON_BYTES = LIMITS.errorBytes - 420;

/** An issue of a schema. */
export interface SchemaIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** An issue in the form that is sent. */
export function toIssue({ path, message }: SchemaIssue): { readonly path: string; readonly message: string } {
  return { path: path.map(String).join("."), message };
}
