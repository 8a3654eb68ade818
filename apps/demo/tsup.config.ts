import { defineConfig } from "tsup";

/** The server for both runtimes; packages stay outside, as in any deployment. */
export default defineConfig({
  entry: ["server/node.ts", "server/bun.ts", "server/supervise.ts"],
  outDir: "dist/server",
  format: "esm",
  target: "node22",
  platform: "node",
  external: ["bun:sqlite"],
  // "node:sqlite" exists with its prefix only.
  removeNodeProtocol: false,
  clean: true,
  sourcemap: true,
});
