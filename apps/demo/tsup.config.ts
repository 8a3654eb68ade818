import { defineConfig } from "tsup";

/** The bundles of the server for both runtimes, without the packages that they import. */
export default defineConfig({
  entry: ["server/node.ts", "server/bun.ts", "server/supervise.ts"],
  outDir: "dist/server",
  format: "esm",
  target: "node22",
  platform: "node",
  external: ["bun:sqlite"],
  // The module "node:sqlite" has no name without its prefix.
  removeNodeProtocol: false,
  clean: true,
  sourcemap: true,
});
