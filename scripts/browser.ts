import { homedir } from "node:os";
import { globSync } from "node:fs";
import { join } from "node:path";
import { findOrInstall } from "./system-program.ts";

/** Flags of a headless Chromium that makes no requests except those of the page under test. */
export const chromiumArgs: readonly string[] = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Without a GPU the processor would draw endless animations sixty times a second.
  "--force-prefers-reduced-motion",
];

/** The path of Chromium: `CHROMIUM_PATH`, that of the system, or a download of Playwright. Installed where the system can. */
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
