import { it } from "vitest";

/** Whether the suites run in their long form, as `pnpm test:long` runs them: `HALYARD_LONG=1 pnpm test:redis`. */
export const IS_LONG = process.env["HALYARD_LONG"] === "1";

/** Defines a test of the long form only. */
export const itInLong = (title: string, test: () => Promise<void>): void => {
  if (IS_LONG) it(title, test);
};
