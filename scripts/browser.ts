import { homedir } from "node:os";
import { globSync } from "node:fs";
import { join } from "node:path";
import { findOrInstall } from "./system-program.ts";

/** Flags of a headless Chromium that makes no request but those of the page under test. */
export const chromiumArgs: readonly string[] = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // An animation that does not end is drawn sixty times a second, by the processor.
  "--force-prefers-reduced-motion",
];

/** The path of a Chromium: `CHROMIUM_PATH`, the system's, or the one that Playwright has downloaded. */
export function findChromium(): string {
  const given = process.env["CHROMIUM_PATH"];
  const cache = process.env["PLAYWRIGHT_BROWSERS_PATH"] ?? join(homedir(), ".cache", "ms-playwright");
  return findOrInstall({
    candidates: [
      ...(given === undefined ? [] : [given]),
      "/usr/bin/chromium",
      "chromium",
      "google-chrome",
      "google-chrome-stable",
      ...globSync(join(cache, "chromium-*", "chrome-linux*", "chrome")),
    ],
    debianPackage: "chromium",
  });
}
