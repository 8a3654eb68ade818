import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { POLL } from "../support/wait.ts";
import { FilmStrip } from "./film-strip.ts";
import { Scenario } from "./scenario.ts";
import { UserPage } from "./user-page.ts";
import { FrontPage } from "./front-page.ts";

/** The README's pictures are copies of these: `cp test/.reports/film/*.webp docs/`. */
const DIRECTORY = join(import.meta.dirname, "../.reports/film");
const MAX_BYTES = 400_000;
/** A picture of the whole width, and one of a column, in which text stays legible. */
const WIDE = { width: 1100, height: 900 };
const NARROW = { width: 780, height: 900 };
const NARROWEST = { width: 600, height: 900 };

let browser: Browser;
beforeAll(async () => {
  mkdirSync(DIRECTORY, { recursive: true });
  browser = await launchChromium();
});
afterAll(async () => browser.close());

it.each(["light", "dark"] as const)(
  "eight pictures in %s tell the story of the front page",
  async (colorScheme) => {
    const scenario = await Scenario.open({ isSupervised: true });
    const film = new FilmStrip();
    const open = async () => {
      const options = { viewport: WIDE, deviceScaleFactor: 2, colorScheme };
      const page = new FrontPage(await scenario.visitor(options, scenario.server.origin));
      await page.isReady();
      return page;
    };
    const first = await open();
    await shootTroubles(first, film);
    await first.user.page.close();
    await shootPeople(await open(), await open(), film);
    expect(film.length).toBe(8);
    const bytes = await film.write(browser, join(DIRECTORY, `demo-${colorScheme}.webp`), colorScheme);
    expect(bytes).toBeLessThan(MAX_BYTES);
    await scenario.close();
  },
);

/** One visitor: the front page as it opens, a pulled plug, the verdict, a killed server, and the frames. */
async function shootTroubles(visitor: FrontPage, film: FilmStrip): Promise<void> {
  const { page } = visitor.user;
  const at = (css: string) => page.locator(css);
  const stage = { top: at(".verdict-panel"), bottom: at(".pane").last() };
  await visitor.write("Ahoy, Grace!");
  await expect.poll(async () => (await visitor.lines("you")).length, POLL).toBeGreaterThan(3);
  await film.shoot(
    "Two people talk over real WebSockets, and five buttons break your connection.",
    { top: at(".hero"), bottom: at(".pane").last() },
    true,
  );
  await page.setViewportSize(NARROW);
  await visitor.at("trouble-unplug").click();
  await visitor.pane("you").getByText("And one more, still offline.").waitFor();
  await film.shoot("The plug is out. Both write on: your lines wait, and Grace’s are missed.", stage);
  await visitor.at("verdict").waitFor();
  await film.shoot("Back after four seconds: sent once, replayed, nothing lost, nothing doubled.", stage);
  await visitor.makeTrouble("kill");
  await film.shoot("The server was killed with -9 and is back. The verdict is the same.", stage);
  await visitor.at("hood-toggle").click();
  await film.shoot("Under the hood: every frame, the position in the room, the queue.", {
    top: at(".hood"),
    bottom: at(".hood"),
  });
}

/** Two visitors and their tabs: shared cursors, one person with three tabs, and a sign-out with its stopwatch. */
async function shootPeople(visitor: FrontPage, other: FrontPage, film: FilmStrip): Promise<void> {
  const { page } = visitor.user;
  await page.setViewportSize(NARROWEST);
  await other.at("status-busy").click();
  await pointAt(other, "Shift+ArrowRight", "ArrowUp");
  await pointAt(visitor, "Shift+ArrowLeft", "Shift+ArrowDown");
  await visitor.at("cursor").nth(1).waitFor();
  await film.shoot("Everyone’s cursor and status, live. Grace follows you by herself.", {
    top: page.locator(".canvas"),
    bottom: page.locator(".canvas"),
  });
  const tabs = [await openTab(visitor), await openTab(visitor)];
  await visitor.at("devices-toggle").click();
  await expect.poll(() => visitor.at("device").count(), POLL).toBe(3);
  const person = { top: page.locator(".one-person"), bottom: page.locator(".one-person") };
  await film.shoot("Three tabs are one person, who sees each of them. Others see one of you.", person);
  await page.setViewportSize(WIDE);
  await visitor.at("sign-out").click();
  await expect.poll(() => visitor.at("sign-out-time").innerText(), POLL).toMatch(/^4 sockets closed/);
  for (const tab of tabs) await tab.at("signed-out").waitFor();
  await film.shoot(
    "Signed out everywhere. The stopwatch runs from the click to the last closed socket.",
    { top: page.locator(".together"), bottom: page.locator(".together") },
    true,
  );
}

async function openTab(visitor: FrontPage): Promise<UserPage> {
  const opened = visitor.user.page.waitForEvent("popup");
  await visitor.at("another-tab").click();
  const tab = new UserPage(await opened);
  await tab.at("device").first().waitFor();
  return tab;
}

/** Moves a cursor from the middle of the canvas by keys: a pointer leaves when the picture is taken. */
async function pointAt(visitor: FrontPage, ...keys: readonly string[]): Promise<void> {
  await visitor.at("canvas").focus();
  for (const key of keys) await visitor.user.page.keyboard.press(key);
}
