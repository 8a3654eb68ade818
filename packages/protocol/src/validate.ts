import { mayBeAsync, runOnce } from "./async-schema.js";
import type { Schema } from "./definition.js";
import { LIMITS } from "./limits.js";

export interface ValidationIssue {
  /** Where in the value, `a.b[0].c`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

export type Validation =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly ValidationIssue[] };

interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
type StandardResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };
interface StandardSchema {
  readonly "~standard": { validate(value: unknown): StandardResult | Promise<StandardResult> };
}

/**
 * Runs a schema over a value that came from outside. Never throws and never rejects: what a refinement throws is an
 * issue of the value. Synchronous unless the schema itself is asynchronous.
 *
 * Otherwise through the Standard Schema door, the faster one of zod's for invalid input, and the same for zod/mini.
 */
export function validate(schema: Schema, value: unknown): Validation | Promise<Validation> {
  try {
    const result = mayBeAsync(schema)
      ? runOnce(schema, value)
      : (schema as unknown as StandardSchema)["~standard"].validate(value);
    return result instanceof Promise ? result.then(toValidation, toFailure) : toValidation(result);
  } catch (error) {
    return toFailure(error);
  }
}

function toValidation(result: StandardResult): Validation {
  if (result.issues === undefined) return { ok: true, value: result.value };
  // Thousands of bad items make thousands of issues: only the first few are ever told.
  return {
    ok: false,
    issues: result.issues
      .slice(0, LIMITS.errorIssues)
      .map(({ message, path = [] }) => ({ path: pathText(path), message })),
  };
}

function toFailure(error: unknown): Validation {
  const message = error instanceof RangeError ? "nests too deeply" : "could not be checked";
  return { ok: false, issues: [{ path: "", message }] };
}

function pathText(path: readonly (PropertyKey | { readonly key: PropertyKey })[]): string {
  return path
    .map((part) => (typeof part === "object" ? part.key : part))
    .map((key, index) =>
      typeof key === "number" ? `[${String(key)}]` : index === 0 ? String(key) : `.${String(key)}`,
    )
    .join("");
}
