// The source of this page, a few lines at a time. A chunk of its own, which is loaded when a visitor asks for it.
import visitsSource from "../../../server/visits/visits.ts?raw";
import contractSource from "../../../shared/visit-protocol.ts?raw";
import frameLogSource from "../model/frame-log.ts?raw";
import networkSource from "../model/pane-network.ts?raw";
import sessionSource from "../model/pane-session.ts?raw";
import troublesSource from "../model/troubles.ts?raw";
import type { Step } from "../model/stage.ts";
import { REPOSITORY } from "../links.ts";

export type ExcerptName = Step | "contract";

export interface Excerpt {
  /** The file, below the demo's folder. */
  readonly path: string;
  readonly text: string;
  /** The same lines in the repository. */
  readonly url: string;
}

interface Place {
  readonly path: string;
  readonly source: string;
  /** How the first line begins, without its indentation. */
  readonly first: string;
  readonly lines: number;
}

const session = { path: "web/window/model/pane-session.ts", source: sessionSource };
const visits = { path: "server/visits/visits.ts", source: visitsSource };

const PLACES: Readonly<Record<ExcerptName, Place>> = {
  unplug: { ...session, first: "this.client = createWebSocketClient", lines: 8 },
  freeze: {
    path: "web/window/model/pane-network.ts",
    source: networkSource,
    first: "/** The open connection goes silent",
    lines: 9,
  },
  double: { ...visits, first: 'handlers.on("line"', lines: 6 },
  cuts: {
    path: "web/window/model/troubles.ts",
    source: troublesSource,
    first: "async function cuts",
    lines: 8,
  },
  kill: { ...session, first: "/** The history, for a pane that begins", lines: 12 },
  hood: { path: "web/window/model/frame-log.ts", source: frameLogSource, first: "#readReceived(", lines: 11 },
  contract: {
    path: "shared/visit-protocol.ts",
    source: contractSource,
    first: "/** What a guest writes.",
    lines: 8,
  },
};

/** @throws Error when the file no longer has the line */
export function excerptOf(name: ExcerptName): Excerpt {
  const { path, source, first, lines } = PLACES[name];
  const all = source.split("\n");
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
