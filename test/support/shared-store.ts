// The shared backplane of @halyard/testing. An older commit may have none: `pnpm test:against` copies that of today beside its own.
import * as testing from "@halyard/testing";

const today = new URL("today/index.js", import.meta.resolve("@halyard/testing")).href;

export const { createSharedBackplane } =
  "createSharedBackplane" in testing ? testing : ((await import(today)) as typeof testing);
