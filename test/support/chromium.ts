import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromiumArgs, findChromium } from "../../scripts/browser.ts";
import { findFreePort } from "./free-port.ts";

/** One window of a browser. */
export interface Tabs {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

export async function launchChromium(...args: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: [...chromiumArgs, ...args] });
}

/**
 * A Chromium whose tabs are hidden while another one is in front, as a person's are. Playwright makes every page of its
 * own contexts believe that it is seen; it leaves those alone that it comes to from outside.
 */
export async function openTabs(...args: readonly string[]): Promise<Tabs> {
  const port = String(await findFreePort());
  const browser = await launchChromium(`--remote-debugging-port=${port}`, ...args);
  const visited = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
  const [context] = visited.contexts();
  if (context === undefined) throw new Error("Chromium has no window");
  return { context, close: () => browser.close() };
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
