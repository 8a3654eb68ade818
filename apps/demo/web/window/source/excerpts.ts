// What a reader would write for what the page shows. A chunk of its own, which is loaded when a visitor asks for it.
// The examples are modules that the compiler checks and nothing runs: the lines of the page count and mark as well.
import type { Step } from "../model/stage.ts";
import { REPOSITORY } from "../links.ts";

const EXAMPLES = import.meta.glob<string>("./examples/*", { query: "?raw", import: "default", eager: true });

export type ExcerptName = Exclude<Step, "freeze"> | "contract";

export interface Excerpt {
  /** The example, without its imports. */
  readonly text: string;
  /** The file in which this page does the same, below the demo's folder. */
  readonly path: string;
  readonly url: string;
}

const PATHS: Readonly<Record<ExcerptName, string>> = {
  unplug: "web/window/parts/pane.tsx",
  double: "server/visits/visits.ts",
  cuts: "web/window/model/pane-session.ts",
  kill: "web/window/parts/pane.tsx",
  cursors: "web/window/parts/canvas.tsx",
  tabs: "server/visits/visits.ts",
  contract: "shared/visit-protocol.ts",
};

export function excerptOf(name: ExcerptName): Excerpt {
  const path = PATHS[name];
  return { text: withoutImports(exampleOf(name)), path, url: `${REPOSITORY}/blob/main/apps/demo/${path}` };
}

/** @throws Error when there is no such example */
export function exampleOf(name: ExcerptName): string {
  const source = EXAMPLES[`./examples/${name}.ts`] ?? EXAMPLES[`./examples/${name}.tsx`];
  if (source === undefined) throw new Error(`There is no example ${name}`);
  return source;
}

/** The imports are the first paragraph of each example. */
function withoutImports(source: string): string {
  return source.slice(source.indexOf("\n\n")).trim();
}
