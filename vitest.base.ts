import { configDefaults, defineConfig } from "vitest/config";

/** The unit tests of one package. `scripts/test.ts` reads the JSON report that each test script names. */
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    exclude: configDefaults.exclude,
    reporters: ["default", "json"],
    restoreMocks: true,
    // The files share the modules of their process: to load them for each file anew took more than half of the time.
    isolate: false,
    // Lines of the default logger, and of clients that find no server. A test that is about them collects them itself.
    onConsoleLog: (text) => !text.startsWith("[halyard]"),
  },
});
