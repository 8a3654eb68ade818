/** The clients that are measured in a page. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** A client and the page that uses it, in `pages/`. */
export interface PageClient {
  readonly id: string;
  readonly title: string;
  readonly file: string;
  /** The id of the server with which the client is measured. @default none: only its size is measured */
  readonly server?: string;
}

export const pageClients: readonly PageClient[] = [
  { id: "halyard", title: "Halyard", file: "halyard.ts", server: "halyard-node" },
  { id: "ws", title: "WebSocket, by hand", file: "web-socket.ts", server: "ws" },
  { id: "partysocket", title: "PartySocket", file: "partysocket.ts", server: "ws" },
  { id: "phoenix", title: "Phoenix", file: "phoenix.ts" },
  { id: "socket.io", title: "Socket.IO", file: "socket-io.ts", server: "socket.io" },
];

/** Bundles a page with its client. */
export async function bundle({ file }: PageClient): Promise<{ script: string; gzipKb: number }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../../pages/${file}`, import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const [{ text, contents }] = outputFiles as [(typeof outputFiles)[0]];
  return { script: text, gzipKb: gzipSync(contents, { level: 9 }).length / 1_000 };
}
