import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

const DIRECTORY = join(import.meta.dirname, "../.reports/screenshots");

const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** The screenshots are for a reviewer. The tests assert that no page is wider than its window. */
describe("screenshots", () => {
  let scenario: Scenario;
  let ada: UserPage;
  let grace: UserPage;
  let naomi: UserPage;
  beforeAll(async () => {
    mkdirSync(DIRECTORY, { recursive: true });
    scenario = await Scenario.open();
    ada = await scenario.account("Ada Lovelace");
    grace = await scenario.account("Grace Hopper", { colorScheme: "dark" });
    naomi = await scenario.guest("Naomi", PHONE);
    await talk();
  });
  afterEach(() => {
    scenario.expectNoErrors();
  });
  afterAll(async () => scenario.close());

  it("the sign-in form fits a large screen and a phone", async () => {
    const [light, phone] = await Promise.all([scenario.visitor(), scenario.visitor(PHONE)]);
    await shoot("sign-in", light);
    await shoot("sign-in-phone", phone);
    const dark = await scenario.visitor({ colorScheme: "dark" });
    await dark.at("mode-sign-up").click();
    await shoot("sign-up-dark", dark);
  });

  it("a conversation fits its window in light, in dark and on a phone", async () => {
    await ada.at("composer").pressSequentially("And the char");
    await grace.at("typing").filter({ hasText: "Ada Lovelace is typing…" }).waitFor();
    await shoot("light", ada);
    await shoot("dark", grace);
    await shoot("phone", naomi);
  });

  it("the drawers with rooms and users fit a phone", async () => {
    await naomi.page.getByRole("button", { name: /^Rooms/ }).click();
    await naomi.at("room-general").waitFor();
    await shoot("phone-rooms", naomi);
    await naomi.page.keyboard.press("Escape");
    await naomi.at("people").click();
    await expect.poll(() => naomi.userNames(), POLL).toHaveLength(3);
    await shoot("phone-people", naomi);
    await naomi.page.keyboard.press("Escape");
  });

  it("an announcement, a dialog and an empty room fit their windows", async () => {
    await ada.page.getByRole("button", { name: "Announce" }).click();
    await ada.page.getByLabel("Announcement", { exact: true }).fill("We sail at seven. Bring a warm jacket.");
    await shoot("dialog", ada);
    // A clipped heading is not the element at its own position.
    const isOnTop = (heading: Element) => {
      const { x, y, height } = heading.getBoundingClientRect();
      return document.elementFromPoint(x + 1, y + height / 2) === heading;
    };
    const heading = ada.page.getByRole("heading", { name: "Announce to everyone" });
    expect(await heading.evaluate(isOnTop)).toBe(true);
    await ada.page.getByRole("dialog").getByRole("button", { name: "Announce" }).click();
    for (const user of [grace, naomi]) await user.at("announcement").waitFor();
    await shoot("announcement-phone", naomi);
    await grace.goTo("help");
    await grace.at("empty-room").waitFor();
    await shoot("empty-room-dark", grace);
    await grace.page.getByRole("button", { name: "Dismiss the announcement" }).click();
    await grace.goTo("general");
  });

  it("the menus of an admin and the pages of kicked and banned users fit their windows", async () => {
    const { page } = ada;
    await page.getByRole("button", { name: "Actions for Naomi" }).click();
    await page.getByRole("menuitem", { name: "Ban…" }).waitFor();
    await shoot("person-menu", ada);
    await page.getByRole("menuitem", { name: "Kick" }).click();
    await naomi.at("kicked").waitFor();
    await shoot("kicked-phone", naomi);
    await page.getByRole("button", { name: "Actions for Grace Hopper" }).click();
    await page.getByRole("menuitem", { name: "Ban…" }).click();
    await shoot("ban-dialog", ada);
    await page.getByRole("dialog").getByRole("button", { name: "Ban", exact: true }).click();
    await grace.at("sign-in-form").waitFor();
    await shoot("banned-dark", grace);
    await ada.at("banned").waitFor();
    await shoot("banned-list", ada);
    await naomi.page.getByRole("button", { name: "Reconnect", exact: true }).click();
    await naomi.isOnline();
    const pocket = await scenario.visitor({ ...PHONE, colorScheme: "dark" });
    await pocket.signIn("ada.lovelace@example.com");
    await pocket.at("people").click();
    await pocket.page.getByRole("button", { name: "Actions for Naomi" }).click();
    await pocket.page.getByRole("menuitem", { name: "Ban…" }).waitFor();
    await shoot("person-menu-phone-dark", pocket);
    await pocket.page.getByRole("menuitem", { name: "Ban…" }).click();
    await shoot("ban-dialog-phone-dark", pocket);
  });

  it("a disconnected page with a queued message fits its window", async () => {
    for (const [name, user] of [
      ["reconnecting", ada],
      ["reconnecting-phone", naomi],
    ] as const) {
      await user.at("cut").click();
      await user.connectionIs("waiting");
      await user.send("This one waits until the line is back.");
      await shoot(name, user);
    }
    for (const user of [ada, naomi]) await user.sees("This one waits until the line is back.");
    for (const user of [ada, naomi]) await user.isOnline();
  });

  it("the longest name and a rejected message fit a phone", async () => {
    const guest = await scenario.visitor(PHONE);
    // The page itself sends no text of this length.
    await guest.page.routeWebSocket(/\/ws/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((frame) => server.send(String(frame).replace("Ahoy", "!".repeat(4_001))));
    });
    await guest.signInAsGuest("Bartholomew Fitzgerald-Montgomery Junior");
    await guest.send("Good evening.");
    await guest.sees("Good evening.");
    await guest.send("Ahoy");
    await guest.at("retry").waitFor();
    await shoot("failed-phone", guest);
    await guest.page.getByRole("button", { name: "Discard" }).click();
    await shoot("long-name-phone", guest);
  });

  async function talk(): Promise<void> {
    const lines: readonly (readonly [UserPage, string])[] = [
      [ada, "Good morning! Who brings the boat round to the quay?"],
      [grace, "I do. Wind is from the south-west, 12 knots, so let us leave before noon."],
      [grace, "https://example.com/tides says high water is at 11:40."],
      [naomi, "I'll bring bread."],
      [
        ada,
        "And the spare halyard: yours looked chafed where it runs over the sheave, and it is a long way to the next chandler.",
      ],
      [grace, "Two berths confirmed. See you all at seven"],
    ];
    for (const [user, text] of lines) {
      await user.send(text);
      for (const other of [ada, grace, naomi]) await other.page.getByText(text, { exact: true }).waitFor();
    }
  }

  async function shoot(name: string, { page }: UserPage): Promise<void> {
    // The page shows it until the user list has arrived.
    await page.getByLabel("Loading").waitFor({ state: "detached" });
    await page.screenshot({ path: join(DIRECTORY, `${name}.png`), animations: "disabled" });
    const overflow = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth - clientWidth;
    });
    expect(overflow, `${name} does not fit its window`).toBe(0);
  }
});
