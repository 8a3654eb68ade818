import type { ErrorCode, HalyardErrorOptions } from "@halyard/protocol/wire";
import { HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { ValidationIssue } from "@halyard/protocol";
import type { ForbiddenAttempt, LimitName } from "../security-event.ts";

/** Bad input, with the first things that are wrong with it. Thrown inside the server, told to the sender. */
export class InvalidMessageError extends HalyardError {
  readonly issues: readonly ValidationIssue[];

  constructor(issues: readonly ValidationIssue[]) {
    super("invalid_message");
    this.issues = issues;
  }
}

/** Too much of something. The sender is told the code, the security log which limit it was. */
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

/** The user may not do this. The sender is told so, the security log what it was. */
export class ForbiddenError extends HalyardError {
  readonly action: ForbiddenAttempt["reason"];

  constructor(action: ForbiddenAttempt["reason"], message?: string) {
    super("forbidden", message);
    this.action = action;
  }
}

/**
 * The one place where something unknown becomes an error of the wire. What an application threw is `internal`: its text
 * goes to `onError`, never to a client.
 */
export function toHalyardError(error: unknown): HalyardError {
  return error instanceof HalyardError ? error : new HalyardError("internal", undefined, { cause: error });
}

/** The issues of a value as one line, for errors that the application reads. */
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
  // Issues quote the client's own keys; they are added while there is room, so that the frame stays bounded.
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

/** Leaves room for the frame's own `"$"`, whose `re` is a client's text of 64 characters at most. */
const ERROR_JSON_BYTES = LIMITS.errorBytes - 420;

const encoder = new TextEncoder();
const jsonBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

/** Cuts a text to so many characters, and to so many bytes of JSON: one character may take six. */
function truncateUtf8(text: string, maxBytes: { readonly length: number; readonly bytes: number }): string {
  let clipped = text.length <= maxBytes.length ? text : `${text.slice(0, maxBytes.length - 1)}…`;
  while (jsonBytes(clipped) > maxBytes.bytes)
    clipped = `${clipped.slice(0, Math.floor(clipped.length / 2))}…`;
  return clipped;
}
