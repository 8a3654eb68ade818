import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { chromiumArgs, findChromium } from "../../scripts/browser.ts";

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: [...chromiumArgs] });
}

/** Collects all that a page complains about: warnings and errors of its console, and what nobody caught. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("crash", () => complaints.push("The page has crashed."));
  return complaints;
}
