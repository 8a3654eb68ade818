// The lines that an application needs for the features of the page. A chunk of its own, which is loaded on demand.
// The compiler checks the examples, and no code runs them.
import type { Step } from "../model/stage.ts";
import { REPOSITORY } from "../links.ts";

const EXAMPLES = import.meta.glob<string>("./examples/*", { query: "?raw", import: "default", eager: true });

export type ExcerptName = Exclude<Step, "freeze"> | "contract";

export interface Excerpt {
  /** The example, without its imports. */
  readonly text: string;
  /** The file of the demo with the same feature, relative to the folder of the demo. */
  readonly path: string;
  readonly url: string;
}

const PATHS: Readonly<Record<ExcerptName, string>> = {
  unplug: "web/front-page/parts/pane.tsx",
  double: "server/visits/visits.ts",
  cuts: "web/front-page/model/pane-session.ts",
  kill: "web/front-page/parts/pane.tsx",
  cursors: "web/front-page/parts/canvas.tsx",
  tabs: "server/visits/visits.ts",
  contract: "shared/visit-protocol.ts",
};

export function excerptOf(name: ExcerptName): Excerpt {
  const path = PATHS[name];
  return { text: withoutImports(exampleOf(name)), path, url: `${REPOSITORY}/blob/main/apps/demo/${path}` };
}

/** The source of an example, with its imports. @throws Error if there is no such example */
export function exampleOf(name: ExcerptName): string {
  const source = EXAMPLES[`./examples/${name}.ts`] ?? EXAMPLES[`./examples/${name}.tsx`];
  if (source === undefined) throw new Error(`There is no example ${name}`);
  return source;
}

/** The imports are the first paragraph of each example. */
function withoutImports(source: string): string {
  return source.slice(source.indexOf("\n\n")).trim();
}
