// Searches a zod schema with everything in it. Called once per schema by those who keep the answer.
import type { core } from "zod";

/** The part of a definition that tells what a node of a schema does. */
interface NodeDefinition {
  readonly check?: string;
  readonly type?: string;
  readonly transform?: unknown;
  readonly getter?: () => object;
}

/** For a schema with more nodes than this the answer is yes, so that the search is bounded. */
const MAX_SCHEMA_NODES = 10_000;

/** Whether a schema, or one within it, has a definition that passes the test. */
export function someNode(schema: object, test: (definition: NodeDefinition) => boolean): boolean {
  const seen = new Set<object>([schema]);
  for (const node of seen) {
    if (seen.size > MAX_SCHEMA_NODES) return true;
    const def = (node as Partial<core.$ZodType>)._zod?.def as NodeDefinition | undefined;
    if (def !== undefined && test(def)) return true;
    const parts = def === undefined ? node : { ...def, inner: def.getter?.() };
    for (const child of Object.values(parts) as unknown[]) {
      if (typeof child === "object" && child !== null) seen.add(child);
    }
  }
  return false;
}
