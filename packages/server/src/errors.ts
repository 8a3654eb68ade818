import { HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { ValidationIssue } from "@halyard/protocol";

/** Bad input, with the first things that are wrong with it. Thrown inside the server, told to the sender. */
export class InvalidMessage extends HalyardError {
  readonly issues: readonly ValidationIssue[];

  constructor(issues: readonly ValidationIssue[]) {
    super("invalid_message");
    this.issues = issues;
  }
}

/**
 * The one place where something unknown becomes an error of the wire. What an application threw is `internal`: its text
 * goes to `onError`, never to a client.
 */
export function toHalyardError(error: unknown): HalyardError {
  return error instanceof HalyardError ? error : new HalyardError("internal", undefined, { cause: error });
}

/** The JSON text of an `error` message, at most 1 KiB in its frame. */
export function errorJson(error: HalyardError): string {
  const { code, message, retryable, retryAfterMs } = error;
  const issues = error instanceof InvalidMessage ? error.issues : [];
  const told = {
    type: "error",
    code,
    message: clip(message, 200),
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
  // Issues quote the client's own keys; they are added while there is room, so that the frame stays bounded.
  const fitting: ValidationIssue[] = [];
  for (const issue of issues.slice(0, LIMITS.errorIssues)) {
    const next = { path: clip(issue.path, 60), message: clip(issue.message, 80) };
    if (jsonBytes({ ...told, issues: [...fitting, next] }) > ERROR_JSON_BYTES) break;
    fitting.push(next);
  }
  return JSON.stringify(fitting.length === 0 ? told : { ...told, issues: fitting });
}

/** Leaves room for the frame's own `"$"`. */
const ERROR_JSON_BYTES = LIMITS.errorBytes - 120;

const encoder = new TextEncoder();
const jsonBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
