/** Whether the suites run in their long form, as `pnpm test:long` runs them: `HALYARD_LONG=1 pnpm test:redis`. */
export const IS_LONG = process.env["HALYARD_LONG"] === "1";
