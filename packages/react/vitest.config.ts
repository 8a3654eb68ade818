import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.base.ts";

const tests = {
  include: ["src/**/*.test.{ts,tsx}"],
  environment: "jsdom",
  restoreMocks: true,
  isolate: false,
  testTimeout: 30_000,
};

/** The tests run on the newest and on the oldest React. */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      projects: [
        { test: { ...tests, name: "react-19" } },
        {
          resolve: {
            alias: {
              "react/jsx-dev-runtime": "react-18/jsx-dev-runtime",
              "react-dom/client": "react-dom-18/client",
              "react-dom/server": "react-dom-18/server",
              react: "react-18",
            },
          },
          // React 18 has no `Activity`.
          test: {
            ...tests,
            name: "react-18",
            setupFiles: ["test/react-18.ts"],
            exclude: ["src/activity.test.tsx"],
          },
        },
      ],
    },
  }),
);
