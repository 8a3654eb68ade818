import { configDefaults, defineConfig } from "vitest/config";
import { IS_LONG, LONG_FILES } from "./support/long-run.ts";

/** One project per directory and per `test:<name>` script, so that turbo caches each of them apart. */
const suites = [
  { name: "conformance", testTimeout: 15_000 },
  { name: "attacks", testTimeout: 30_000 },
  { name: "robustness", testTimeout: 30_000 },
  { name: "reference", testTimeout: 15_000 },
  { name: "house", testTimeout: 60_000 },
  { name: "types", testTimeout: 60_000 },
  { name: "readme", testTimeout: 60_000 },
  { name: "packed", testTimeout: 300_000 },
  { name: "e2e", testTimeout: 120_000 },
  { name: "soak", testTimeout: 120_000 },
  { name: "redis", testTimeout: 120_000 },
];

export default defineConfig({
  test: {
    reporters: ["default", "json"],
    // Lines of the default logger, and of clients that find no server. A test that is about them collects them itself.
    onConsoleLog: (text) => !text.startsWith("[halyard]"),
    projects: suites.map(({ name, testTimeout }) => ({
      test: {
        name,
        include: [`${name}/**/*.test.ts`],
        exclude: [...configDefaults.exclude, ...(IS_LONG ? [] : LONG_FILES)],
        // One install for all files of `packed`.
        globalSetup: name === "packed" ? ["packed/install.ts"] : [],
        testTimeout,
        hookTimeout: testTimeout,
        // Each file of `redis` has a redis-server of its own, and waits for most of its time.
        fileParallelism: name === "redis",
        maxWorkers: 2,
        // The files share the modules of their process, which need not be loaded for each file anew.
        isolate: false,
      },
    })),
  },
});
