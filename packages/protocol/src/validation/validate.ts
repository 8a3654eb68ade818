// Checks one value against one schema, without exceptions.
// Called by the server for every message, request and reply, and by clients that validate.
// Guarantees that it never throws or rejects, and that the result never contains the text of an exception.
import { isPromise } from "../utils/is-promise.ts";
import { countIssues, firstIssues, runSchema, TooManyIssues } from "./async-schema.ts";
import type { Issue, Payload } from "./async-schema.ts";
import { hasMoreIssues } from "./certain-issues.ts";
import type { Schema } from "../definition.ts";
import type { ValidationIssue } from "../errors.ts";

/** The result of {@link validate}: the parsed value, or the first issues. */
export type Validation =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly issues: readonly ValidationIssue[];
      /** The number of all issues, also of those within others, which indicates the cost of the run. @default the number of `issues` */
      readonly issueCount?: number;
      /** Set when code in the schema, such as a refinement, threw: the value may be valid. */
      readonly failure?: SchemaFailure;
    };

/** An error of code in a schema. */
export interface SchemaFailure {
  readonly error: unknown;
  /** Whether the same value may pass later, for example when a database is down. */
  readonly retryable: boolean;
}

/**
 * Runs a schema on an external value. Never throws or rejects: an error of code in the schema becomes the
 * `failure` of the result. Synchronous unless the schema is asynchronous.
 *
 * @param maxNested the most issues within issues: zod writes a text for each mistake of each option of a union, so that 64 KB may cost
 * a second. With more, the value is invalid, and so is one that lacks more than 10,000 fields of its objects. @default no bounds
 */
export function validate(
  schema: Schema,
  value: unknown,
  maxNested = Infinity,
): Validation | Promise<Validation> {
  try {
    if (maxNested < Infinity && hasMoreIssues(schema, value, MAX_CERTAIN_ISSUES)) throw new TooManyIssues();
    const payload = runSchema(schema, value, maxNested);
    return isPromise(payload)
      ? payload.then(toValidation).catch((error: unknown) => toFailure(error, { retryable: true, maxNested }))
      : toValidation(payload);
  } catch (error) {
    const { name = "" } = (error ?? {}) as Partial<Error>;
    return toFailure(error, { retryable: !VALUE_ERRORS.has(name), maxNested });
  }
}

/** Each issue takes half a KB. */
const MAX_CERTAIN_ISSUES = 10_000;

/** The errors that the language itself throws for a malformed value: `new URL(text)`, `JSON.parse(text)`. */
const VALUE_ERRORS: ReadonlySet<string> = new Set(["TypeError", "RangeError", "SyntaxError", "URIError"]);

function toValidation(payload: Payload): Validation {
  if (payload.issues.length === 0) return { ok: true, value: payload.value };
  const issues = firstIssues(payload).map(({ message, path }) => ({ path: pathText(path), message }));
  return { ok: false, issues, issueCount: countIssues(payload.issues) };
}

function toFailure(error: unknown, { retryable, maxNested }: FailedRun): Validation {
  if (error instanceof TooManyIssues)
    return { ok: false, issues: [{ path: "", message: "has too many mistakes" }], issueCount: maxNested };
  // The value exhausted the stack, not the application's code.
  if (error instanceof RangeError && error.message.includes("call stack"))
    return { ok: false, issues: [{ path: "", message: "nests too deeply" }] };
  return {
    ok: false,
    issues: [{ path: "", message: "could not be checked" }],
    failure: { error, retryable },
  };
}

interface FailedRun {
  readonly retryable: boolean;
  readonly maxNested: number;
}

function pathText(path: Issue["path"]): string {
  return path
    .map((key, index) =>
      typeof key === "number" ? `[${String(key)}]` : index === 0 ? String(key) : `.${String(key)}`,
    )
    .join("");
}
