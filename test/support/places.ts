// The places in which a suite runs: a runtime, a store and a number of nodes.
// `test-app.ts` starts the fixture application in each of them. `pnpm test:long` runs the conformance suite in all of them.
import type { AppOptions } from "../fixtures/options.ts";
import type { Runtime } from "./app-server.ts";
import { IS_LONG } from "./long-run.ts";

/** The store of the application: its memory, the shared backplane of @halyard/testing, or a redis-server. */
type Store = "memory" | "shared backplane" | "Redis";

export interface Place {
  /** The name in titles. `versions/main.ts` recognizes a place with a store by the text ` with `. */
  readonly name: string;
  readonly runtime: Runtime;
  readonly store: Store;
  readonly nodes: 1 | 2;
}

export function place(runtime: Runtime, store: Store = "memory", nodes: 1 | 2 = 1): Place {
  const where = nodes === 1 ? runtime : `two nodes of ${runtime}`;
  return { name: store === "memory" ? where : `${where} with ${store}`, runtime, store, nodes };
}

/** The program of `fixtures/` that serves the application in a place. */
export function programOf({ runtime, nodes }: Place, { betterAuth }: AppOptions): string {
  if (nodes === 2) return `two-nodes-${runtime}.ts`;
  return `${betterAuth === undefined ? "" : "better-auth-"}${runtime}.ts`;
}

const MEMORY = [place("node"), place("bun")];
const STORES = ["shared backplane", "Redis"] as const;

/** One node on each runtime, in memory. */
export const RUNTIMES: readonly Place[] = MEMORY;

/** One node on each backplane. */
export const BACKPLANES: readonly Place[] = [
  ...MEMORY,
  ...STORES.map((store) => place("node", store)),
  ...(IS_LONG ? STORES.map((store) => place("bun", store)) : []),
];

/** Two nodes for each store, so that connections, senders and readers are on both; one node in memory. */
export const NODES: readonly Place[] = [
  ...MEMORY,
  ...STORES.map((store) => place("node", store, 2)),
  ...(IS_LONG ? [place("bun", "shared backplane", 2)] : []),
  place("bun", "Redis", 2),
];
