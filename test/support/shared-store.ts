// The shared backplane of @halyard/testing. A commit before it has none: `pnpm test:against` puts today's beside its own.
import * as testing from "@halyard/testing";

const today = new URL("today/index.js", import.meta.resolve("@halyard/testing")).href;

export const { createSharedBackplane } =
  "createSharedBackplane" in testing ? testing : ((await import(today)) as typeof testing);
