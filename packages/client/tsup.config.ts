import { readFile } from "node:fs/promises";
import { defineConfig } from "tsup";
import type { Options } from "tsup";
import { library } from "../../tsup.base.ts";

/**
 * reconnecting-websocket publishes its source beside an ES5 build with helpers. The source is bundled: a third smaller,
 * and no consumer meets a CommonJS module. Its debug output, which is never switched on, stays out.
 */
const reconnectingWebSocket: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "reconnecting-websocket",
  setup(build) {
    build.onResolve({ filter: /^reconnecting-websocket$/ }, ({ path, resolveDir }) =>
      build.resolve(`${path}/reconnecting-websocket.ts`, { resolveDir, kind: "import-statement" }),
    );
    build.onLoad({ filter: /reconnecting-websocket\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll(/^\s*this\._debug\(.*\);$/gm, ""),
      loader: "ts",
    }));
  },
};

export default defineConfig({
  ...(library(["src/index.ts"]) as Options),
  noExternal: ["reconnecting-websocket"],
  esbuildPlugins: [reconnectingWebSocket],
  esbuildOptions(options) {
    // Its private members; this package's own are `#private`.
    options.mangleProps = /^_[a-z]/;
  },
});
