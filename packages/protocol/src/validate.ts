import { firstIssues, runOnce } from "./async-schema.ts";
import type { Issue, Payload } from "./async-schema.ts";
import type { Schema } from "./definition.ts";

export interface ValidationIssue {
  /** Where in the value, `a.b[0].c`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

export type Validation =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly ValidationIssue[] };

/**
 * Runs a schema over a value that came from outside. Never throws and never rejects: what a refinement throws is an
 * issue of the value. Synchronous unless the schema itself is asynchronous.
 */
export function validate(schema: Schema, value: unknown): Validation | Promise<Validation> {
  try {
    const payload = runOnce(schema, value);
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
