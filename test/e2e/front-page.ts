// The front page of the demo in one tab: the actions of a visitor, and the texts of the page.
// The e2e tests of the front page create it from a page of `Scenario`.
import type { Locator } from "playwright-core";
import { expect } from "vitest";
import type { Verdict } from "../../apps/demo/web/front-page/model/verdict.ts";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";

type Pane = "you" | "companion";

/** A line as a pane shows it. */
export interface ShownLine {
  readonly text: string;
  readonly status: string;
  readonly isOwn: boolean;
}

export class FrontPage {
  readonly user: UserPage;

  constructor(user: UserPage) {
    this.user = user;
  }

  at(testId: string): Locator {
    return this.user.at(testId);
  }

  pane(pane: Pane): Locator {
    return this.at(`pane-${pane}`);
  }

  /** Waits until both panes are connected and the buttons work. */
  async isReady(): Promise<void> {
    for (const pane of ["you", "companion"] as const) await this.stateIs(pane, "open");
    await this.user.page.locator("[data-testid=trouble-unplug][aria-disabled=false]").waitFor();
  }

  async stateIs(pane: Pane, status: "open" | "waiting" | "authRequired"): Promise<void> {
    await this.pane(pane).locator(`[data-testid=pane-state][data-status=${status}]`).waitFor();
  }

  /** Presses the button of a trouble, and waits for the verdict. */
  async makeTrouble(name: string): Promise<Verdict> {
    await this.at(`trouble-${name}`).click();
    await this.at("verdict-running").waitFor();
    return this.verdict();
  }

  /** The verdict that is shown, as soon as one is. */
  async verdict(): Promise<Verdict> {
    const text = await this.at("verdict").getAttribute("data-verdict");
    return JSON.parse(text ?? "") as Verdict;
  }

  async write(text: string): Promise<void> {
    await this.at("line-composer").fill(text);
    await this.at("line-composer").press("Enter");
  }

  async lines(pane: Pane): Promise<ShownLine[]> {
    return this.pane(pane)
      .getByTestId("line")
      .evaluateAll((items) =>
        items.map((item) => ({
          text: item.querySelector("p")?.textContent ?? "",
          status: item.getAttribute("data-status") ?? "",
          isOwn: item.hasAttribute("data-own"),
        })),
      );
  }

  /** Waits until both panes show the same lines, each delivered. */
  async bothShowTheSame(): Promise<void> {
    const shown = async () => {
      const [here, there] = await Promise.all([this.lines("you"), this.lines("companion")]);
      const isDelivered = [...here, ...there].every(({ status }) => status === "delivered");
      const texts = (lines: readonly ShownLine[]) => lines.map(({ text }) => text).toSorted();
      return isDelivered && JSON.stringify(texts(here)) === JSON.stringify(texts(there));
    };
    await expect.poll(shown, POLL).toBe(true);
  }

  /** How much wider the page is than its window, in pixels. */
  async overflow(): Promise<number> {
    return this.user.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth - clientWidth;
    });
  }
}
