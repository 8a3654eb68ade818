import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.base.ts";
import { withoutUnused } from "./reconnecting-websocket.config.ts";

const SOURCE = fileURLToPath(import.meta.resolve("reconnecting-websocket/reconnecting-websocket.ts"));

/** The tests run on the same pruned source of reconnecting-websocket as the build. */
export default mergeConfig(
  base,
  defineConfig({
    resolve: { alias: { "reconnecting-websocket": SOURCE } },
    plugins: [
      {
        name: "reconnecting-websocket",
        enforce: "pre",
        transform: (code, id) => (id === SOURCE ? withoutUnused(code) : undefined),
      },
    ],
  }),
);
