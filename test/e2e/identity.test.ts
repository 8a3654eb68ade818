import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

describe("who writes, and what", () => {
  let scenario: Scenario;
  let ada: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    ada = await scenario.account("Ada");
  });
  afterEach(() => {
    scenario.expectNoErrors(/^Failed to load resource: .* status of 400/);
  });
  afterAll(async () => scenario.close());

  it("[demo 9] a guest cannot take an account's name, and roles and the own entry are marked", async () => {
    const eve = await scenario.visitor();
    await eve.page.getByLabel("Your name").fill("A d\u00e1");
    await eve.page.getByRole("button", { name: "Continue as guest" }).click();
    await expect
      .poll(() => eve.at("form-problem").innerText(), POLL)
      .toBe("An account has this name. Please choose another one.");
    await eve.signInAsGuest("Eve");
    await eve.send("from a guest");
    await ada.sees("from a guest");
    const marks = async (user: UserPage) =>
      (await user.at("person").allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
    await expect.poll(() => marks(eve), POLL).toEqual(["E Eve guest you", "A Ada admin"]);
    await expect.poll(() => marks(ada), POLL).toEqual(["A Ada admin you", "E Eve guest"]);
    const heads = ada.page.locator(".group-head");
    await expect.poll(() => heads.last().innerText(), POLL).toMatch(/^Eve\s+guest/);
    await eve.page.context().close();
  });

  it("[demo 10] a text that shows nothing is not sent, and a text that is too long is not cut", async () => {
    const before = await ada.texts();
    await ada.send("\u200b\u2060 \u3164");
    await ada.at("composer").fill("x".repeat(4_012));
    await ada.at("composer").press("Enter");
    await expect
      .poll(() => ada.at("composer-problem").innerText(), POLL)
      .toBe("A message has at most 4,000 characters: 12 too many.");
    expect(await ada.at("composer").inputValue()).toHaveLength(4_012);
    await ada.send("y".repeat(4_000));
    await ada.sees("y".repeat(4_000));
    expect(await ada.texts()).toEqual([...before, "y".repeat(4_000)]);
  });

  it("[demo 10] an announcement is shown to users who come later, until they dismiss it", async () => {
    await ada.page.getByRole("button", { name: "Announce" }).click();
    await ada.page.getByLabel("Announcement", { exact: true }).fill("Maintenance at noon");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Announce" }).click();
    const late = await scenario.guest("Late");
    await expect.poll(() => late.at("announcement").innerText(), POLL).toContain("Maintenance at noon");
    await late.page.getByRole("button", { name: "Dismiss the announcement" }).click();
    await late.page.reload();
    await late.isOnline();
    await ada.send("a message behind the announcement");
    await late.sees("a message behind the announcement");
    expect(await late.at("announcement").count()).toBe(0);
    await late.page.context().close();
  });

  it("[demo 10] a second tab follows a sign-out and a sign-in, and the form remembers the way of signing in", async () => {
    const second = await scenario.anotherTab(ada);
    await ada.page.getByRole("button", { name: "Sign out" }).click();
    for (const tab of [ada, second]) {
      await tab.at("sign-in-form").waitFor();
      await expect.poll(() => tab.page.title(), POLL).toBe("Halyard");
    }
    expect(await ada.page.getByRole("radio", { name: "Sign in" }).isChecked()).toBe(true);
    await ada.signIn("ada@example.com");
    await second.isOnline();
    await second.send("from the tab that followed");
    await ada.sees("from the tab that followed");
  });
});
