// Checks one value against one schema, without exceptions.
// Called by the server for every message, request and reply, and by clients that validate.
// Guarantees that it never throws and never rejects, and that the text of an exception is not in the result.
import { firstIssues, runSchema } from "./async-schema.ts";
import type { Issue, Payload } from "./async-schema.ts";
import type { Schema } from "./definition.ts";
import type { ValidationIssue } from "./errors.ts";

/** The outcome of {@link validate}: the value after the schema, or the first issues. */
export type Validation =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly issues: readonly ValidationIssue[];
      /** How many issues there are in all: what the run of the schema cost. @default those in `issues` */
      readonly issueCount?: number;
      /** Set when code in the schema, such as a refinement, threw: the value may be valid. */
      readonly failure?: SchemaFailure;
    };

/** What code in a schema threw or rejected with. */
export interface SchemaFailure {
  readonly error: unknown;
  /** Whether the same value may pass later, as when a database is down. */
  readonly retryable: boolean;
}

/**
 * Runs a schema over a value from outside. Never throws and never rejects: what code in the schema throws is the
 * `failure` of the outcome. Synchronous unless the schema itself is asynchronous.
 */
export function validate(schema: Schema, value: unknown): Validation | Promise<Validation> {
  try {
    const payload = runSchema(schema, value);
    return payload instanceof Promise
      ? payload.then(toValidation, (error: unknown) => toFailure(error, true))
      : toValidation(payload);
  } catch (error) {
    return toFailure(error, !VALUE_ERRORS.has((error as Partial<Error> | null | undefined)?.name ?? ""));
  }
}

/** The errors that the language itself throws at once at a value of the wrong form: `new URL(text)`, `JSON.parse(text)`. */
const VALUE_ERRORS: ReadonlySet<string> = new Set(["TypeError", "RangeError", "SyntaxError", "URIError"]);

function toValidation(payload: Payload): Validation {
  if (payload.issues.length === 0) return { ok: true, value: payload.value };
  const issues = firstIssues(payload).map(({ message, path }) => ({ path: pathText(path), message }));
  return { ok: false, issues, issueCount: payload.issues.length };
}

function toFailure(error: unknown, retryable: boolean): Validation {
  // The stack is exhausted by the value, not by code of the application.
  if (error instanceof RangeError && error.message.includes("call stack"))
    return { ok: false, issues: [{ path: "", message: "nests too deeply" }] };
  return {
    ok: false,
    issues: [{ path: "", message: "could not be checked" }],
    failure: { error, retryable },
  };
}

function pathText(path: Issue["path"]): string {
  return path
    .map((key, index) =>
      typeof key === "number" ? `[${String(key)}]` : index === 0 ? String(key) : `.${String(key)}`,
    )
    .join("");
}
