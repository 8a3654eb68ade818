// A page in Chromium with a list of 1,000 lines, and a server that publishes more of them at a steady rate.
import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.ts";
import { ReactPage } from "./react-page.ts";
import { until } from "./wait.ts";

/** The counts of the page. */
export interface ListCounts {
  /** The number of renders of the component with the list. */
  renders: number;
  /** The number of each received line, in the order of their arrival. */
  readonly numbers: number[];
}

const ROOM = "list";
const TURN_MS = 10;

export class LiveList {
  readonly browser: Browser;
  readonly #opened: ReactPage;
  #published = 0;

  private constructor(browser: Browser, opened: ReactPage) {
    this.browser = browser;
    this.#opened = opened;
  }

  /** Opens the page in a Chromium of its own, and waits until it has joined the room. */
  static async open(): Promise<LiveList> {
    const browser = await launchChromium();
    const opened = await ReactPage.open(browser, "live-list-page.ts");
    await until("the page to join the room", async () => (await opened.membersOf(ROOM)) === 1);
    return new LiveList(browser, opened);
  }

  get page(): Page {
    return this.#opened.page;
  }

  /** Publishes lines at an even rate for some seconds. Resolves when the page has all of them. */
  async publish(perSecond: number, seconds: number): Promise<void> {
    const startedAt = performance.now();
    const before = this.#published;
    const count = perSecond * seconds;
    while (this.#published < before + count) {
      const due = Math.min(count, ((performance.now() - startedAt) / 1_000) * perSecond);
      while (this.#published < before + due) await this.#publishLine();
      await pause(TURN_MS);
    }
    const hasAll = async () => (await this.counts()).numbers.at(-1) === this.#published;
    await until("the page to have every line", hasAll);
  }

  async counts(): Promise<ListCounts> {
    return this.page.evaluate<ListCounts>("counts");
  }

  /** The texts of the list, oldest first. */
  async texts(): Promise<string[]> {
    return this.page.locator("li").allInnerTexts();
  }

  async close(): Promise<void> {
    await this.#opened.close();
    await this.browser.close();
  }

  async #publishLine(): Promise<void> {
    const number = ++this.#published;
    const text = `Line ${String(number)} of this list.`;
    await this.#opened.publish(ROOM, { id: `line ${String(number)}`, number, text });
  }
}
