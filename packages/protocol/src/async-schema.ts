import { core } from "zod";
import type { Schema } from "./definition.ts";
import { LIMITS } from "./limits.ts";

export type Payload = core.ParsePayload;
export type Issue = Pick<core.$ZodIssue, "message" | "path">;

const answers = new WeakMap<object, boolean>();

/**
 * Runs every check once, whether it is asynchronous or not. Throws and rejects as the application's code does.
 *
 * By zod's innermost door, which zod/mini has too: each of the outer ones makes objects of its own, for every message.
 */
export function runOnce(schema: Schema, value: unknown): Payload | Promise<Payload> {
  const context = { async: mayBeAsync(schema) };
  return (schema as core.$ZodType)._zod.run({ value, issues: [] }, context);
}

/** The first of a payload's issues. Thousands of bad items make thousands, and each of them a text. */
export function firstIssues({ issues }: Payload): Issue[] {
  return issues
    .slice(0, LIMITS.errorIssues)
    .map((issue) => core.util.finalizeIssue(issue, { async: false }, core.config()));
}

/**
 * Whether a schema runs code of the application's, which may turn out to be asynchronous. Looked up once per schema.
 *
 * It has to be known beforehand: zod finds out by trying, which runs a refinement twice, and drops the first promise
 * with nobody to hear its rejection. A rejection that nobody hears ends the process.
 */
function mayBeAsync(schema: Schema): boolean {
  let answer = answers.get(schema);
  if (answer === undefined) {
    answer = hasOwnCode(schema);
    answers.set(schema, answer);
  }
  return answer;
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
