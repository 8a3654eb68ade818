import { core } from "zod";
import type { Schema } from "./definition.js";
import { LIMITS } from "./limits.js";

type Result =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly Issue[] };
type Issue = Pick<core.$ZodIssue, "message" | "path">;
type Payload = core.ParsePayload;

const answers = new WeakMap<object, boolean>();

/**
 * Whether a schema runs code of the application's, which may turn out to be asynchronous. Looked up once per schema.
 *
 * It has to be known beforehand: zod finds out by trying, which runs a refinement twice, and drops the first promise
 * with nobody to hear its rejection. A rejection that nobody hears ends the process.
 */
export function mayBeAsync(schema: Schema): boolean {
  let answer = answers.get(schema);
  if (answer === undefined) {
    answer = hasOwnCode(schema);
    answers.set(schema, answer);
  }
  return answer;
}

/** Runs every check once, whether it is asynchronous or not. Throws and rejects as the application's code does. */
export function runOnce(schema: Schema, value: unknown): Result | Promise<Result> {
  const { run } = (schema as core.$ZodType)._zod;
  const payload = run({ value, issues: [] }, CONTEXT);
  return payload instanceof Promise ? payload.then(toResult) : toResult(payload);
}

const CONTEXT = { async: true };

function toResult({ value, issues }: Payload): Result {
  if (issues.length === 0) return { value };
  // Thousands of bad items make thousands of issues, and each of them a text: only the first few are ever told.
  return {
    issues: issues
      .slice(0, LIMITS.errorIssues)
      .map((issue) => core.util.finalizeIssue(issue, CONTEXT, core.config())),
  };
}

/** A schema that is larger than this is taken for one that may be anything. */
const LARGEST_SCHEMA = 10_000;

function hasOwnCode(schema: object): boolean {
  const seen = new Set<object>([schema]);
  for (const part of seen) {
    if (seen.size > LARGEST_SCHEMA) return true;
    const def = (part as Partial<core.$ZodType>)._zod?.def as Definition | undefined;
    if (def?.check === "custom" || OWN_CODE.has(def?.type ?? "") || typeof def?.transform === "function")
      return true;
    const parts = def === undefined ? part : { ...def, inner: def.getter?.() };
    for (const child of Object.values(parts) as unknown[]) {
      if (typeof child === "object" && child !== null) seen.add(child);
    }
  }
  return false;
}

interface Definition {
  readonly type?: string;
  readonly check?: string;
  readonly transform?: unknown;
  readonly getter?: () => object;
}

const OWN_CODE: ReadonlySet<string> = new Set(["custom", "transform", "promise", "function"]);
