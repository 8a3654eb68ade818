// Starts Chromium for the suites with a real browser.
// The e2e, README, packed and soak suites use it.
// Playwright's own contexts never hide a page; `openTabs` gives a window that does.
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromiumArgs, findChromium } from "../../scripts/browser.ts";
import { findFreePort } from "../../scripts/free-port.ts";

/** A browser window in which only the tab in front is visible. */
export interface Tabs {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

export async function launchChromium(...args: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: [...chromiumArgs, ...args] });
}

/** Starts a Chromium with a back/forward cache, as users have it. Playwright turns the cache off. */
export async function launchWithPageCache(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
    args: [...chromiumArgs],
  });
}

/**
 * Starts a Chromium whose tabs are hidden while another tab is in front, as they are for users. Playwright makes every page of
 * its own contexts visible, but no page of a browser to which it connects over CDP.
 */
export async function openTabs(...args: readonly string[]): Promise<Tabs> {
  const port = String(await findFreePort());
  const browser = await launchChromium(`--remote-debugging-port=${port}`, ...args);
  const connected = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
  const [context] = connected.contexts();
  if (context === undefined) throw new Error("Chromium has no window");
  return { context, close: () => browser.close() };
}

/** Runs a module in a page, and waits for its end, which a script tag would not do. */
export async function runModule(page: Page, source: string): Promise<void> {
  const blob = `new Blob([${JSON.stringify(source)}], { type: "text/javascript" })`;
  await page.evaluate(`import(URL.createObjectURL(${blob})).then(() => undefined)`);
}

/** Collects the warnings and errors of a page's console, its uncaught errors and its crash. */
export function collectPageErrors(page: Page): string[] {
  const pageErrors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") pageErrors.push(message.text());
  });
  page.on("pageerror", (error) => pageErrors.push(String(error)));
  page.on("crash", () => pageErrors.push("The page has crashed."));
  return pageErrors;
}
