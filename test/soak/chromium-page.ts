import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CDPSession, JSHandle, Page as Tab } from "playwright-core";
import { bundle } from "../support/bundle.ts";
import { openTabs, runModule } from "../support/chromium.ts";
import type { Tabs } from "../support/chromium.ts";
import type { InChromium } from "./in-chromium.ts";
import type { PageView } from "./page.ts";
import type { PageGroup } from "./settle.ts";

interface Opened {
  readonly tabs: Tabs;
  readonly tab: Tab;
  readonly other: Tab;
  readonly cdp: CDPSession;
  readonly soak: JSHandle<InChromium>;
}

interface Parts {
  readonly directory: string;
  /** The port of the proxy in front of the server. */
  readonly port: number;
  readonly rooms: readonly string[];
}

/** Lets the page connect to this machine, although no server has sent it. */
const ALLOW_LOOPBACK = "--disable-features=LocalNetworkAccessChecks";

/** One page of a soak in Chromium, which the soak hides, freezes and wakes. */
export class ChromiumPage implements PageGroup {
  readonly log: string;
  readonly #tabs: Tabs;
  readonly #tab: Tab;
  readonly #other: Tab;
  readonly #cdp: CDPSession;
  readonly #soak: JSHandle<InChromium>;
  #errors = "";

  private constructor(log: string, { tabs, tab, other, cdp, soak }: Opened) {
    this.log = log;
    this.#tabs = tabs;
    this.#tab = tab;
    this.#other = other;
    this.#cdp = cdp;
    this.#soak = soak;
    tab.on("pageerror", (error) => (this.#errors += `${String(error)}\n`));
    tab.on("crash", () => (this.#errors += "the page in Chromium has crashed\n"));
  }

  static async open({ directory, port, rooms }: Parts): Promise<ChromiumPage> {
    const tabs = await openTabs(ALLOW_LOOPBACK);
    const [other, tab] = [await tabs.context.newPage(), await tabs.context.newPage()];
    const cdp = await tabs.context.newCDPSession(tab);
    const origin = `http://127.0.0.1:${String(port)}/`;
    await tab.route(origin, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
    await tab.goto(origin);
    await runModule(tab, await bundle(import.meta.dirname, "in-chromium.ts"));
    const soak = await tab.evaluateHandle(() => (globalThis as unknown as { soak: InChromium }).soak);
    const page = new ChromiumPage(join(directory, "chromium.jsonl"), { tabs, tab, other, cdp, soak });
    const parts = { name: "chromium.a", user: "chromium", rooms, url: `ws://127.0.0.1:${String(port)}/ws` };
    await soak.evaluate((soak, { parts, zero }) => soak.open(parts, zero), {
      parts,
      zero: await zeroOf(cdp),
    });
    return page;
  }

  /** A line for each uncaught error and for a crash of the page; empty without them. */
  get errors(): string {
    return this.#errors;
  }

  start(): Promise<void> {
    return this.#soak.evaluate((soak) => soak.start());
  }

  quiet(): Promise<void> {
    return this.#soak.evaluate((soak) => soak.quiet());
  }

  view(): Promise<PageView[]> {
    return this.#soak.evaluate((soak) => soak.view());
  }

  /** Hides the page behind another tab and freezes it. */
  async freeze(): Promise<void> {
    await this.#other.bringToFront();
    await this.#cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  }

  /** Wakes and shows the page. @returns the time until the page has the reply to a request, in ms */
  async wake(): Promise<number> {
    const wokenAt = performance.now();
    await this.#cdp.send("Page.setWebLifecycleState", { state: "active" });
    await this.#tab.bringToFront();
    await this.#soak.evaluate((soak) => soak.request());
    return Math.round(performance.now() - wokenAt);
  }

  async end(): Promise<void> {
    const lines = await this.#soak.evaluate((soak) => soak.log());
    writeFileSync(this.log, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  kill(): Promise<void> {
    return this.#tabs.close();
  }
}

/** The origin of the page's clock on the machine's monotonic clock, in ms. */
async function zeroOf(cdp: CDPSession): Promise<number> {
  await cdp.send("Performance.enable");
  const { metrics } = await cdp.send("Performance.getMetrics");
  const zero = metrics.find(({ name }) => name === "NavigationStart");
  return (zero?.value ?? 0) * 1_000;
}
