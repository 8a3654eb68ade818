import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import { Scenario } from "./scenario.ts";
import { FrontPage } from "./front-page.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENSHOTS = join(import.meta.dirname, "../.reports/screenshots");
const DESKTOP = { width: 1280, height: 800 };
/** Rules are checked where another colour or another layout could break one. */
const LOOKS = [
  { name: "light", size: DESKTOP, media: { colorScheme: "light", forcedColors: "none" }, isChecked: true },
  { name: "dark", size: DESKTOP, media: { colorScheme: "dark", forcedColors: "none" }, isChecked: true },
  { name: "forced", size: DESKTOP, media: { colorScheme: "light", forcedColors: "active" }, isChecked: true },
  { name: "wide", size: { width: 1920, height: 1080 }, media: { forcedColors: "none" }, isChecked: false },
  // What 200 % zoom leaves of a window of 1280 × 800.
  { name: "zoomed", size: { width: 640, height: 400 }, media: {}, isChecked: false },
  { name: "phone", size: { width: 390, height: 844 }, media: {}, isChecked: false },
  { name: "small", size: { width: 320, height: 640 }, media: { colorScheme: "dark" }, isChecked: true },
] as const;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** A colour in transition has another contrast. */
const TRANSITIONS_ENDED =
  "Promise.allSettled(document.getAnimations().map(({ finished }) => finished)).then(() => {})";
const MAX_SCRIPT_BYTES = 120_000;

describe("the looks of the front page", () => {
  let scenario: Scenario;
  let page: FrontPage;
  let scriptBytes: Promise<number>[];
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    scenario = await Scenario.open({ isSupervised: true });
    const user = await scenario.visitor({}, "about:blank");
    scriptBytes = [];
    user.page.on("response", (response) => {
      const size = () => response.request().sizes();
      if (response.url().endsWith(".js")) scriptBytes.push(size().then((sizes) => sizes.responseBodySize));
    });
    await user.page.goto(scenario.server.origin);
    page = new FrontPage(user);
    await page.isReady();
  });
  afterEach(() => {
    scenario.expectNoErrors();
  });
  afterAll(async () => scenario.close());

  it("comes with less than 120 kB of script, and nothing on it shifts", async () => {
    await expect.poll(async () => (await page.lines("you")).length, POLL).toBeGreaterThan(0);
    const bytes = (await Promise.all(scriptBytes)).reduce((total, size) => total + size, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(MAX_SCRIPT_BYTES);
    const readShift = `new Promise((resolve) => {
      let total = 0;
      new PerformanceObserver((list) => {
        for (const { value } of list.getEntries()) total += value;
      }).observe({ type: "layout-shift", buffered: true });
      setTimeout(() => resolve(total), 100);
    })`;
    expect(await page.user.page.evaluate(readShift)).toBe(0);
  });

  it("copies the line that installs Halyard", async () => {
    await page.user.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.at("copy-install").click();
    const copied = () => page.user.page.evaluate(() => navigator.clipboard.readText());
    await expect.poll(copied, POLL).toMatch(/^npm install @halyard\/server @halyard\/client zod$/);
  });

  it("is used by keyboard alone: a trouble, the verdict, a line, the drawer, the canvas", async () => {
    const { keyboard } = page.user.page;
    await tabTo("trouble-double");
    await keyboard.press("Enter");
    await page.at("verdict").waitFor();
    expect(await focused()).toBe("trouble-double");
    await tabTo("line-composer");
    await keyboard.type("By keyboard");
    await keyboard.press("Enter");
    await page.pane("companion").getByText("By keyboard").waitFor();
    await tabTo("hood-toggle");
    await keyboard.press("Enter");
    await page.at("hood-you").waitFor();
    await tabTo("canvas");
    await keyboard.press("ArrowRight");
    await page.at("step-cursors").and(page.user.page.locator("[data-done=true]")).waitFor();
  });

  it("breaks no rule of WCAG AA and fits its window in every size and colour, connected and not", async () => {
    await page.user.page.emulateMedia({ reducedMotion: "reduce" });
    await page.user.page.getByRole("button", { name: /Typed at both ends/ }).click();
    await page.user.page.getByText("const Line = z.object").waitFor();
    await page.at("devices-toggle").click();
    await page.at("device").waitFor();
    await page.at("plug-you").click();
    await page.write("Written offline");
    expect(await findings()).toEqual([]);
    await page.at("plug-you").click();
    await page.at("verdict").getByText("Your plug was pulled").waitFor();
    for (const { name, size, media, isChecked } of LOOKS) {
      await page.user.page.setViewportSize(size);
      await page.user.page.emulateMedia(media);
      await page.user.page.evaluate(TRANSITIONS_ENDED);
      if (isChecked) expect(await findings(), name).toEqual([]);
      expect(await page.overflow(), name).toBe(0);
      const path = join(SCREENSHOTS, `front-page-${name}.png`);
      await page.user.page.screenshot({ path, fullPage: true, animations: "disabled" });
    }
  });

  /** The rules that the page breaks, and where. */
  async function findings(): Promise<string[]> {
    await page.user.page.evaluate(AXE);
    const run = `axe.run({ runOnly: ${JSON.stringify(RULES)}, resultTypes: ["violations"] })`;
    const { violations } = await page.user.page.evaluate<AxeResults>(run);
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  }

  async function focused(): Promise<string | null | undefined> {
    return page.user.page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
  }

  async function tabTo(testId: string): Promise<void> {
    for (let presses = 0; presses < 40 && (await focused()) !== testId; presses++)
      await page.user.page.keyboard.press("Tab");
    expect(await focused()).toBe(testId);
    const outline = () =>
      page.user.page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    expect(await outline()).not.toBe("none");
  }
});
