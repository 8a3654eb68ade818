import { readFile } from "node:fs/promises";
import { defineConfig } from "tsup";
import type { Options } from "tsup";
import { library } from "../../tsup.base.ts";
import { INTERNAL_NAMES } from "./internal-names.config.ts";
import { withoutUnused } from "./reconnecting-websocket.config.ts";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

/**
 * Bundles the pruned source of reconnecting-websocket, so that no user of the package has to load a CommonJS module.
 */
const reconnectingWebSocket: Plugin = {
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

/** Puts the file for browsers, where there is one, in the place of the file for all platforms. */
const forBrowsers: Plugin = {
  name: "browsers",
  setup(build) {
    build.onLoad({ filter: /create-socket\.ts$/ }, async ({ path }) => ({
      contents: await readFile(path.replace(/\.ts$/, ".browser.ts"), "utf8"),
      loader: "ts",
    }));
  },
};

function client(name: string, plugins: Plugin[], isStandalone = false): Options {
  return {
    ...(library([]) as Options),
    entry: { [name]: "src/index.ts" },
    // All builds write into one folder.
    clean: [`${name}.*`, `${name}-*`],
    noExternal: ["reconnecting-websocket", ...(isStandalone ? [/^@halyard\//] : [])],
    splitting: !isStandalone,
    dts: name === "index",
    // Terser inlines constants across modules, which esbuild does not; names stay readable where a bundler follows. A function that is called
    // once stays a function: written in place, it is longer.
    minify: "terser",
    terserOptions: {
      module: true,
      ecma: 2020,
      compress: { passes: 3, pure_getters: true, reduce_funcs: false },
      mangle: isStandalone,
    },
    esbuildPlugins: [reconnectingWebSocket, ...plugins],
    esbuildOptions(options) {
      // Also the private members of reconnecting-websocket; those of this package are `#private`.
      options.mangleProps = new RegExp(`^(_[a-z].*|${INTERNAL_NAMES.join("|")})$`);
      // Each build has its own: the short names are not the same in both.
      options.chunkNames = `${name}-[name]-[hash]`;
      // The licence of the bundled library is in THIRD-PARTY-NOTICES.md.
      options.legalComments = "none";
    },
  };
}

/**
 * One build for all platforms, with all declarations, one without what a browser cannot use, and one for pages without
 * a build step, which has its dependencies in it.
 */
export default defineConfig([
  client("index", []),
  client("browser", [forBrowsers]),
  client("standalone", [forBrowsers], true),
]);
