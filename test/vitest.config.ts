import { defineConfig } from "vitest/config";

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
];

export default defineConfig({
  test: {
    reporters: ["default", "json"],
    projects: suites.map(({ name, testTimeout }) => ({
      test: {
        name,
        include: [`${name}/**/*.test.ts`],
        testTimeout,
        hookTimeout: testTimeout,
        fileParallelism: false,
      },
    })),
  },
});
