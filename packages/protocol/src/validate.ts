// Checks one value against one schema, without exceptions.
// Called by the server for every message, request and reply, and by clients that validate.
// Guarantees that it never throws and never rejects, and that the text of an exception is not in the result.
import { firstIssues, runSchema } from "./async-schema.ts";
import type { Issue, Payload } from "./async-schema.ts";
import type { Schema } from "./definition.ts";

/** One reason why a value does not fit its schema. */
export interface ValidationIssue {
  /** The path in the value, `a.b[0].c`; empty for the value itself. */
  readonly path: string;
  /** The reason, in zod's words. */
  readonly message: string;
}

/** The outcome of {@link validate}: the value after the schema, or the first issues. */
export type Validation =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly ValidationIssue[] };

/**
 * Runs a schema over a value from outside. Never throws and never rejects: an exception in a refinement is an issue of
 * the value. Synchronous unless the schema itself is asynchronous.
 */
export function validate(schema: Schema, value: unknown): Validation | Promise<Validation> {
  try {
    const payload = runSchema(schema, value);
    return payload instanceof Promise ? payload.then(toValidation, toFailure) : toValidation(payload);
  } catch (error) {
    return toFailure(error);
  }
}

function toValidation(payload: Payload): Validation {
  if (payload.issues.length === 0) return { ok: true, value: payload.value };
  const issues = firstIssues(payload).map(({ message, path }) => ({ path: pathText(path), message }));
  return { ok: false, issues };
}

function toFailure(error: unknown): Validation {
  const message = error instanceof RangeError ? "nests too deeply" : "could not be checked";
  return { ok: false, issues: [{ path: "", message }] };
}

function pathText(path: Issue["path"]): string {
  return path
    .map((key, index) =>
      typeof key === "number" ? `[${String(key)}]` : index === 0 ? String(key) : `.${String(key)}`,
    )
    .join("");
}
