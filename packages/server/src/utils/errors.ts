import type { ErrorCode, HalyardErrorOptions } from "@halyard/protocol/wire";
import { printable } from "@halyard/protocol/internal";
import { HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { ValidationIssue } from "@halyard/protocol";
import type { ForbiddenAttempt, LimitName } from "../security-event.ts";
import { jsonBytes, truncateUtf8 } from "./text.ts";

/** An invalid message, with its first validation issues. The sender gets both. */
export class InvalidMessageError extends HalyardError {
  readonly issues: readonly ValidationIssue[];

  constructor(issues: readonly ValidationIssue[]) {
    super("invalid_message");
    this.issues = issues;
  }
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

/** The user lacks a right. The sender gets `forbidden`; the security log also gets the action. */
export class ForbiddenError extends HalyardError {
  readonly action: ForbiddenAttempt["reason"];

  constructor(action: ForbiddenAttempt["reason"], message?: string) {
    super("forbidden", message);
    this.action = action;
  }
}

/**
 * Turns an unknown error into one of the protocol. An error that application code threw becomes `internal`: its text goes
 * to `onError`, never to a client.
 */
export function toHalyardError(error: unknown): HalyardError {
  return error instanceof HalyardError ? error : new HalyardError("internal", undefined, { cause: error });
}

/** One line of at most 400 characters for the log: error texts may quote what a client sent. Never throws. */
export function describeError(error: unknown): string {
  try {
    return printable(error instanceof Error ? (error.stack ?? error.message) : String(error), 400);
  } catch {
    return "a value that has no text";
  }
}

/** The issues as one line, for errors that a developer reads. */
export function describeIssues(issues: readonly ValidationIssue[]): string {
  return issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
}

/** The JSON text of an `error` message, at most 1 KiB in its frame. */
export function errorJson(error: HalyardError): string {
  const { code, message, retryable, retryAfterMs } = error;
  const issues = error instanceof InvalidMessageError ? error.issues : [];
  const publicFields = {
    type: "error",
    code,
    message: truncateUtf8(message, { length: 200, bytes: 360 }),
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
  // Issues quote keys that the client chose, so they are added only while the frame stays within its bound.
  const issuesThatFit: ValidationIssue[] = [];
  for (const issue of issues.slice(0, LIMITS.errorIssues)) {
    const next = {
      path: truncateUtf8(issue.path, { length: 60, bytes: 120 }),
      message: truncateUtf8(issue.message, { length: 80, bytes: 120 }),
    };
    if (jsonBytes({ ...publicFields, issues: [...issuesThatFit, next] }) > ERROR_JSON_BYTES) break;
    issuesThatFit.push(next);
  }
  return JSON.stringify(
    issuesThatFit.length === 0 ? publicFields : { ...publicFields, issues: issuesThatFit },
  );
}

/** Leaves room for `$`, whose `re` is a text of the client of at most 64 characters. */
const ERROR_JSON_BYTES = LIMITS.errorBytes - 420;
