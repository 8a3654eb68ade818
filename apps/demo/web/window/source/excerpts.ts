// The source of this page, a few lines at a time. A chunk of its own, which is loaded when a visitor asks for it.
import type { Step } from "../model/stage.ts";
import { REPOSITORY } from "../links.ts";

const SOURCES = import.meta.glob<string>(
  [
    "../model/{pane-session,troubles}.ts",
    "../parts/canvas.tsx",
    "../../../server/visits/visits.ts",
    "../../../shared/visit-protocol.ts",
  ],
  { query: "?raw", import: "default", eager: true },
);

export type ExcerptName = Exclude<Step, "freeze"> | "contract";

export interface Excerpt {
  /** The file, below the demo's folder. */
  readonly path: string;
  readonly text: string;
  /** The same lines in the repository. */
  readonly url: string;
}

interface Place {
  readonly path: string;
  /** How the first line begins, without its indentation. */
  readonly first: string;
  readonly lines: number;
}

const SESSION = "web/window/model/pane-session.ts";
const PLACES: Readonly<Record<ExcerptName, Place>> = {
  unplug: { path: SESSION, first: "this.client = createWebSocketClient", lines: 8 },
  double: { path: "server/visits/visits.ts", first: 'handlers.on("line"', lines: 6 },
  cuts: { path: "web/window/model/troubles.ts", first: "async function cuts", lines: 8 },
  kill: { path: SESSION, first: "/** The history, for a pane that begins", lines: 12 },
  cursors: { path: "web/window/parts/canvas.tsx", first: "const [me, updatePresence]", lines: 6 },
  tabs: { path: "server/visits/visits.ts", first: "async onConnect", lines: 8 },
  contract: { path: "shared/visit-protocol.ts", first: "/** What a guest writes.", lines: 8 },
};

/** @throws Error when the file no longer has the line */
export function excerptOf(name: ExcerptName): Excerpt {
  const { path, first, lines } = PLACES[name];
  const all = sourceOf(path).split("\n");
  const begin = all.findIndex((line) => line.trimStart().startsWith(first));
  if (begin < 0) throw new Error(`${path} has no line that begins with ${first}`);
  const chosen = all.slice(begin, begin + lines);
  const indent = /^ */.exec(chosen[0] ?? "")?.[0].length ?? 0;
  return {
    path,
    text: chosen
      .map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length)))
      .join("\n"),
    url: `${REPOSITORY}/blob/main/apps/demo/${path}#L${begin + 1}-L${begin + lines}`,
  };
}

function sourceOf(path: string): string {
  const [, source = ""] =
    Object.entries(SOURCES).find(([name]) => path.endsWith(name.replace(/^(?:\.\.\/)+/, ""))) ?? [];
  return source;
}
