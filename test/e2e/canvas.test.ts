import type { Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import { Scenario } from "./scenario.ts";
import { UserPage } from "./user-page.ts";
import { FrontPage } from "./front-page.ts";

describe("the canvas and the tabs of the front page", () => {
  let scenario: Scenario;
  let ada: FrontPage;
  let bob: FrontPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    [ada, bob] = await Promise.all([openFrontPage(), openFrontPage()]);
  });
  afterEach(() => {
    scenario.expectNoErrors();
  });
  afterAll(async () => scenario.close());

  it("a visitor's cursor and status reach another window, under a name that the server has given", async () => {
    await moveTo(ada, 0.25, 0.75);
    const cursor = others(bob).filter({ hasText: /^Visitor [A-Z][a-z]+$/ });
    await expect.poll(() => placeOf(cursor), POLL).toEqual([0.25, 0.75]);
    await moveTo(ada, 0.5, 0.125);
    await expect.poll(() => placeOf(cursor), POLL).toEqual([0.5, 0.125]);
    await ada.at("status-busy").click();
    const isBusy = expect.stringMatching(/^Visitor [A-Z][a-z]+ busy$/) as string;
    await expect.poll(() => guests(bob), POLL).toEqual(["You here", "Grace here", isBusy]);
    expect(await guests(ada)).toEqual([
      "You busy",
      "Grace here",
      expect.stringMatching(/^Visitor \w+ here$/) as string,
    ]);
  });

  it("Grace changes her place by herself, rests at a button, and sees the visitor's cursor, which ticks the step", async () => {
    const grace = others(ada).filter({ hasText: "Grace" });
    const before = await placeOf(grace);
    await expect.poll(() => placeOf(grace), POLL).not.toEqual(before);
    await ada.user.page.getByRole("button", { name: "Let Grace pause" }).first().click();
    await expect.poll(() => guests(ada), POLL).toContain("Grace away");
    expect(await ada.at("step-cursors").getAttribute("data-done")).toBe("true");
  });

  it("the arrow keys move the own cursor, and stay within the canvas", async () => {
    const { page } = bob.user;
    await bob.at("canvas").focus();
    for (const key of ["ArrowRight", "Shift+ArrowUp", "Shift+ArrowUp", "Shift+ArrowUp", "Shift+ArrowUp"])
      await page.keyboard.press(key);
    expect(await placeOf(bob.at("cursor-own"))).toEqual([0.54, 0]);
    await expect.poll(() => placeOf(others(ada).filter({ hasText: "Visitor" })), POLL).toEqual([0.54, 0]);
  });

  it("three tabs are one visitor, who sees each of them, and one cursor; a sign-out closes all four sockets", async () => {
    const tabs = [await openTab(ada), await openTab(ada)];
    await expect.poll(() => ada.at("tabs").innerText(), POLL).toBe("3 tabs");
    await ada.at("devices-toggle").click();
    await expect
      .poll(() => ada.at("device").allInnerTexts(), POLL)
      .toEqual([
        expect.stringMatching(/^Chrome on Linux\s*this tab\s+since \d.* · \w/) as string,
        expect.stringMatching(/^Chrome on Linux\s+since/) as string,
        expect.stringMatching(/^Chrome on Linux\s+since/) as string,
      ]);
    expect(await ada.at("step-tabs").getAttribute("data-done")).toBe("true");
    expect(await guests(bob)).toHaveLength(3);
    const [tab] = tabs;
    if (tab) await moveTo(tab, 0.75, 0.5);
    await expect.poll(() => placeOf(others(bob).filter({ hasText: "Visitor" })), POLL).toEqual([0.75, 0.5]);
    await ada.at("sign-out").click();
    const time = () => ada.at("sign-out-time").innerText();
    await expect.poll(time, POLL).toMatch(/^4 sockets closed in \d+ ms$/);
    for (const each of tabs)
      await each.at("signed-out").getByRole("link", { name: "another visit" }).waitFor();
    await expect.poll(() => guests(bob), POLL).toHaveLength(2);
  });

  async function openFrontPage(): Promise<FrontPage> {
    const page = new FrontPage(await scenario.visitor({}, scenario.server.origin));
    await page.isReady();
    await page.at("canvas").scrollIntoViewIfNeeded();
    return page;
  }

  async function openTab(page: FrontPage): Promise<FrontPage> {
    const opened = page.user.page.waitForEvent("popup");
    await page.at("another-tab").click();
    const tab = new FrontPage(new UserPage(await opened));
    await tab.at("canvas").waitFor();
    return tab;
  }

  async function moveTo(page: FrontPage, x: number, y: number): Promise<void> {
    const box = await page.at("canvas").boundingBox();
    if (box === null) throw new Error("The canvas is not shown");
    await page.user.page.mouse.move(box.x + box.width * x, box.y + box.height * y);
  }
});

/** The cursors of everyone else. */
function others(page: FrontPage): Locator {
  return page.user.page.getByTestId("cursor");
}

/** Where the first of the cursors is, to half a percent: the pointer of a browser is at whole pixels. */
async function placeOf(cursor: Locator): Promise<number[]> {
  const parts = await cursor.evaluateAll((elements) =>
    ["data-x", "data-y"].map((name) => elements[0]?.getAttribute(name)),
  );
  return parts.map((part) => Math.round(Number(part) * 200) / 200);
}

/** Who the list above the canvas names, with their states. */
async function guests(page: FrontPage): Promise<string[]> {
  const items = await page.at("guests").locator("li").allInnerTexts();
  return items.map((text) => text.replace(/\s+/g, " ").trim());
}
