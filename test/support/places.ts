// Where the tests of a suite run: on a runtime, alone in memory or with a store of several nodes.
// `test-app.ts` starts the fixture application there. `pnpm test:long` runs the conformance suite everywhere.
import type { AppOptions } from "../fixtures/options.ts";
import type { Runtime } from "./app-server.ts";
import { IS_LONG } from "./long-run.ts";

/** What connects the nodes of the application: nothing, the shared backplane of @halyard/testing, or a redis-server. */
type Store = "memory" | "shared backplane" | "Redis";

export interface Place {
  /** As it stands in titles. `versions/main.ts` knows by ` with ` those with a store. */
  readonly name: string;
  readonly runtime: Runtime;
  readonly store: Store;
  readonly nodes: 1 | 2;
}

export function place(runtime: Runtime, store: Store = "memory", nodes: 1 | 2 = 1): Place {
  const where = nodes === 1 ? runtime : `two nodes of ${runtime}`;
  return { name: store === "memory" ? where : `${where} with ${store}`, runtime, store, nodes };
}

/** The program of `fixtures/` that serves the application there. */
export function programOf({ runtime, nodes }: Place, { betterAuth }: AppOptions): string {
  if (nodes === 2) return `two-nodes-${runtime}.ts`;
  return `${betterAuth === undefined ? "" : "better-auth-"}${runtime}.ts`;
}

const MEMORY = [place("node"), place("bun")];
const STORES = ["shared backplane", "Redis"] as const;

/** A node of each runtime alone: what no backplane takes part in. */
export const RUNTIMES: readonly Place[] = MEMORY;

/** One node on each backplane. */
export const BACKPLANES: readonly Place[] = [
  ...MEMORY,
  ...STORES.map((store) => place("node", store)),
  ...(IS_LONG ? STORES.map((store) => place("bun", store)) : []),
];

/** Two nodes, wherever there is a store: a connection, a sender and a reader are on either. */
export const NODES: readonly Place[] = [
  ...MEMORY,
  ...STORES.map((store) => place("node", store, 2)),
  ...(IS_LONG ? [place("bun", "shared backplane", 2)] : []),
  place("bun", "Redis", 2),
];
