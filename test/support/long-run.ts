/** Whether the suites run in their long form, as `pnpm test:long` runs them: `HALYARD_LONG=1 pnpm test:redis`. */
export const IS_LONG = process.env["HALYARD_LONG"] === "1";

/** Files of the long form only. */
export const LONG_FILES: readonly string[] = [
  "e2e/chat.test.ts",
  "e2e/development.test.ts",
  "e2e/devices.test.ts",
  "e2e/film.test.ts",
  "e2e/first-paint.test.ts",
  "e2e/history.test.ts",
  "e2e/identity.test.ts",
  "e2e/keyboard.test.ts",
  "e2e/moderation.test.ts",
  "e2e/safety.test.ts",
  "e2e/screenshots.test.ts",
  "e2e/secrets.test.ts",
  "e2e/sign-in.test.ts",
  "e2e/unread.test.ts",
  "e2e/front-page-looks.test.ts",
  "robustness/live-list-trace.test.ts",
  "robustness/sharing-hidden.test.ts",
];
