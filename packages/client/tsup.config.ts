import { readFile } from "node:fs/promises";
import { defineConfig } from "tsup";
import type { Options } from "tsup";
import { library } from "../../tsup.base.ts";
import { INTERNAL_NAMES } from "./internal-names.config.ts";
import { withoutUnused } from "./reconnecting-websocket.config.ts";

/** Bundles reconnecting-websocket, as far as it is used: no consumer meets a CommonJS module. */
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
  // Puts constants where they are used, which esbuild does not do over the borders of modules; names stay readable.
  minify: "terser",
  terserOptions: { module: true, ecma: 2020, compress: { passes: 3 }, mangle: false },
  esbuildPlugins: [reconnectingWebSocket],
  esbuildOptions(options) {
    // Beside them, the private members of reconnecting-websocket; this package's own are `#private`.
    options.mangleProps = new RegExp(`^(_[a-z].*|${INTERNAL_NAMES.join("|")})$`);
    // What is bundled stands in THIRD-PARTY-NOTICES.md, with its licence.
    options.legalComments = "none";
  },
});
