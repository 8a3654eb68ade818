import { readFile } from "node:fs/promises";
import { defineConfig } from "tsup";
import type { Options } from "tsup";
import { library } from "../../tsup.base.ts";
import { INTERNAL_NAMES } from "./internal-names.config.ts";
import { withoutUnused } from "./reconnecting-websocket.config.ts";

/**
 * Bundles the pruned source of reconnecting-websocket, so that no user of the package has to load a CommonJS module.
 */
const reconnectingWebSocket: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "reconnecting-websocket",
  setup(build) {
    build.onResolve({ filter: /^reconnecting-websocket$/ }, ({ path, resolveDir }) =>
      build.resolve(`${path}/reconnecting-websocket.ts`, { resolveDir, kind: "import-statement" }),
    );
    build.onLoad({ filter: /reconnecting-websocket\.ts$/ }, async ({ path }) => ({
      contents: withoutUnused(await readFile(path, "utf8")),
      loader: "ts",
    }));
  },
};

export default defineConfig({
  ...(library(["src/index.ts"]) as Options),
  noExternal: ["reconnecting-websocket"],
  // Terser inlines constants across modules, which esbuild does not; names stay readable.
  minify: "terser",
  terserOptions: { module: true, ecma: 2020, compress: { passes: 3 }, mangle: false },
  esbuildPlugins: [reconnectingWebSocket],
  esbuildOptions(options) {
    // Also the private members of reconnecting-websocket; those of this package are `#private`.
    options.mangleProps = new RegExp(`^(_[a-z].*|${INTERNAL_NAMES.join("|")})$`);
    // The licence of the bundled library is in THIRD-PARTY-NOTICES.md.
    options.legalComments = "none";
  },
});
