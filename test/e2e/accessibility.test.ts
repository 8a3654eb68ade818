import axe from "axe-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const SMALL_PHONE = {
  viewport: { width: 320, height: 600 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};
const LONG_NAME = "the-longest-name-that-is-allowed";

describe("the demo for every reader and every window", () => {
  let scenario: Scenario;
  let ada: UserPage;
  let bob: UserPage;
  let eve: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    ada = await scenario.account("Ada Lovelace");
    bob = await scenario.account("Bob", { colorScheme: "dark" });
    eve = await scenario.guest("Eve", SMALL_PHONE);
    await ada.send("Hello https://example.com and `code`\nשלום");
    await eve.send("a guest");
    for (const user of [ada, bob]) await user.page.getByText("a guest", { exact: true }).waitFor();
  });
  afterEach(() => {
    scenario.expectNoErrors();
  });
  afterAll(async () => scenario.close());

  it("[demo 12] axe finds no fault in a conversation, in light, in dark and on a phone, online and disconnected", async () => {
    for (const user of [ada, bob, eve]) {
      await showEveryHue(user);
      expect(await faultsOf(user)).toEqual([]);
    }
    await Promise.all([ada, bob, eve].map((user) => user.at("cut").click()));
    for (const user of [ada, bob, eve]) {
      await user.connectionIs("waiting");
      await user.send("waits");
    }
    for (const user of [ada, bob, eve]) expect(await faultsOf(user)).toEqual([]);
    for (const user of [ada, bob, eve]) await user.isOnline();
  });

  it("[demo 12] axe finds no fault in dialogs, menus, drawers, an empty and a missing room, and the sign-in form", async () => {
    const { page } = ada;
    const escape = async ({ page: open }: UserPage) => {
      await open.keyboard.press("Escape");
      await expect.poll(() => open.getByRole("dialog").count(), POLL).toBe(0);
    };
    for (const name of ["New room", "Announce"]) {
      await page.getByRole("button", { name }).click();
      expect(await faultsOf(ada)).toEqual([]);
      await escape(ada);
    }
    await page.getByRole("button", { name: "Actions for Bob" }).click();
    expect(await faultsOf(ada)).toEqual([]);
    await page.getByRole("menuitem", { name: "Ban…" }).click();
    expect(await faultsOf(ada)).toEqual([]);
    await escape(ada);
    for (const name of [/^Rooms/, /^Users/]) {
      await eve.page.getByRole("button", { name }).click();
      expect(await faultsOf(eve)).toEqual([]);
      await escape(eve);
    }
    await bob.goTo("help");
    await bob.at("empty-room").waitFor();
    expect(await faultsOf(bob)).toEqual([]);
    await bob.page.evaluate(() => (location.hash = "nonexistent"));
    await bob.at("missing-room").waitFor();
    expect(await faultsOf(bob)).toEqual([]);
    await bob.goTo("general");
    for (const colorScheme of ["light", "dark"] as const) {
      const visitor = await scenario.visitor({ colorScheme });
      await visitor.at("mode-sign-up").click();
      expect(await faultsOf(visitor)).toEqual([]);
      await visitor.page.context().close();
    }
  });

  it("[demo 4] a room with the longest name leaves its unread badge in sight", async () => {
    await ada.at("new-room").click();
    await ada.page.getByLabel("Name").fill(LONG_NAME);
    await ada.page.keyboard.press("Enter");
    await ada.isIn(LONG_NAME);
    await ada.send("hidden behind a long name");
    const badge = bob.at(`unread-${LONG_NAME}`);
    await expect.poll(() => badge.innerText(), POLL).toMatch(/^1/);
    expect(await badge.evaluate(isInSight)).toBe(true);
    await ada.goTo("general");
  });

  it("[demo 11] the state, its button and the tools do not cover each other at 320 px, and lines are bounded at 1920 px", async () => {
    await eve.at("cut").click();
    await eve.connectionIs("waiting");
    const tools = eve.page.locator(".room-header").locator("button:visible, h1 span, .connection");
    for (const tool of await tools.all())
      expect(await tool.evaluate(isInSight), await tool.innerText()).toBe(true);
    expect(await eve.page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await eve.isOnline();

    await ada.page.setViewportSize({ width: 1920, height: 1080 });
    const [content, mark] = await Promise.all(
      [".content", ".mark"].map((selector) => ada.page.locator(selector).first().boundingBox()),
    );
    expect(content?.width).toBeLessThan(720);
    expect((mark?.x ?? 0) - (content?.x ?? 0) - (content?.width ?? 0)).toBeLessThan(24);
    await ada.page.setViewportSize({ width: 1280, height: 800 });
  });

  it("[demo 12] touch targets are 44 px, texts follow the reader's font size, and forced colours frame the current room", async () => {
    await eve.at("cut").click();
    await eve.connectionIs("waiting");
    await targetsAreLarge(eve, ".main button:visible");
    await eve.isOnline();
    await eve.page.getByRole("button", { name: /^Rooms/ }).click();
    await targetsAreLarge(eve, "dialog button, dialog a");
    await eve.page.keyboard.press("Escape");

    const sizes = (user: UserPage) =>
      user.page
        .locator("body, .content, .author, .room-header, .connection, .person, [data-testid=composer]")
        .evaluateAll((items) => items.map((item) => Number.parseFloat(getComputedStyle(item).fontSize)));
    const before = await sizes(ada);
    await ada.page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    const after = await sizes(ada);
    expect(after.map((size, index) => Math.round(size / (before[index] ?? 1)))).toEqual(before.map(() => 2));
    await ada.page.evaluate(() => (document.documentElement.style.fontSize = ""));

    await ada.page.emulateMedia({ forcedColors: "active" });
    const outline = (room: string) =>
      ada.at(`room-${room}`).evaluate((link) => getComputedStyle(link).outlineStyle);
    expect([await outline("general"), await outline("random")]).toEqual(["solid", "none"]);
    await ada.page.emulateMedia({ forcedColors: "none" });
  });
});

/** The rules of WCAG 2.2 AA that the page breaks, with the elements that break them. */
async function faultsOf({ page }: UserPage): Promise<string[]> {
  // Colours and dialogs fade in; the animation of a waiting state has no end.
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) {
      if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish();
    }
  });
  await page.evaluate(axe.source);
  return page.evaluate(async (rules) => {
    const { axe: engine } = globalThis as unknown as { axe: typeof axe };
    const { violations } = await engine.run({ runOnly: rules });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
  }, RULES);
}

/** A user's colour follows from the id: all of them are shown beside the first message. */
async function showEveryHue({ page }: UserPage): Promise<void> {
  await page.evaluate(() => {
    const [avatar] = document.querySelectorAll(".group > .avatar");
    for (let hue = 0; hue < 10; hue++) {
      const copy = avatar?.cloneNode(true) as HTMLElement;
      copy.dataset["hue"] = String(hue);
      avatar?.parentElement?.append(copy);
    }
  });
}

/** Whether an element is on top at its four corners. */
function isInSight(element: Element): boolean {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const corners = [left + 3, right - 3].flatMap((x) => [top + 3, bottom - 3].map((y) => [x, y] as const));
  return corners.every(([x, y]) => {
    const shown = document.elementFromPoint(x, y);
    return shown !== null && (element.contains(shown) || shown.contains(element));
  });
}

/** Expects that a finger hits each of these within 44 px, whatever the eye sees of them. */
async function targetsAreLarge({ page }: UserPage, selector: string): Promise<void> {
  for (const target of await page.locator(selector).all()) {
    const missed = (): Promise<string[]> =>
      target.evaluate((element) => {
        const { left, right, top, bottom } = element.getBoundingClientRect();
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        const points = [-21, 21].flatMap((by) => [[x + by, y] as const, [x, y + by] as const]);
        return points
          .map((point) => [point.join(), document.elementFromPoint(...point)] as const)
          .filter(([, hit]) => !element.contains(hit))
          .map(
            ([point, hit]) => `${element.outerHTML.slice(0, 80)} at ${point}: ${hit?.className ?? "nothing"}`,
          );
      });
    // A drawer that has just opened is not at its place yet.
    await expect.poll(missed, POLL).toEqual([]);
  }
}
