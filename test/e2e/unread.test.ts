import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

describe("unread messages", () => {
  let scenario: Scenario;
  let ada: UserPage;
  let bob: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    ada = await scenario.account("Ada");
    bob = await scenario.account("Bob");
  });
  afterAll(async () => scenario.close());

  async function unreadIs(tab: UserPage, count: number): Promise<void> {
    const shown = async () => Number.parseInt((await tab.at("unread-random").allInnerTexts())[0] ?? "0", 10);
    await expect.poll(shown, POLL).toBe(count);
  }

  it("[demo 8] two tabs count the same, a reload keeps the count, and reading in one tab clears it in both", async () => {
    await ada.goTo("random");
    const second = await scenario.anotherTab(bob);
    await ada.send("one");
    await ada.send("two");
    for (const tab of [bob, second]) await unreadIs(tab, 2);
    await bob.page.reload();
    await unreadIs(bob, 2);
    expect(await bob.page.title()).toBe("(2) #general · Halyard");
    await bob.goTo("random");
    for (const tab of [bob, second]) await unreadIs(tab, 0);
    await bob.goTo("general");
    await ada.send("three");
    for (const tab of [bob, second]) await unreadIs(tab, 1);
    await second.page.close();
    await bob.goTo("random");
    await unreadIs(bob, 0);
  });

  it("[demo 8] messages that came while the user had no tab are counted", async () => {
    await bob.goTo("general");
    const context = bob.page.context();
    await bob.page.close();
    await ada.send("four");
    await ada.send("five");
    await ada.sees("four", "five");
    const later = await scenario.visitorIn({ context, close: async () => undefined });
    await later.isOnline();
    await unreadIs(later, 2);
    scenario.expectNoErrors();
  });
});
