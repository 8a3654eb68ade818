import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import { Scenario, SERVER_DOWN } from "./scenario.ts";

const LINES = Array.from({ length: 100 }, (_, index) => `line ${String(index + 1)}`);

describe("history", () => {
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await Scenario.open();
    write(scenario.server.database);
  });
  afterEach(() => {
    scenario.expectNoErrors(SERVER_DOWN);
  });
  afterAll(async () => scenario.close());

  it("history loads in pages and in order while scrolling up, and visible messages keep their position", async () => {
    const ada = await scenario.guest("Ada");
    await ada.goTo("random");
    await ada.sees(...LINES.slice(60));
    const messages = ada.page.getByRole("region", { name: "Messages in random" });
    // Far enough up for the next page to be fetched, and not at the top.
    const before = await messages.evaluate((element) => {
      element.scrollTop = 120;
      return element.querySelector('[data-id="old-64"]')?.getBoundingClientRect().top;
    });
    await ada.sees(...LINES.slice(20));
    const after = await ada.page
      .locator('[data-id="old-64"]')
      .evaluate((line) => line.getBoundingClientRect().top);
    expect(after).toBe(before);

    await messages.focus();
    await ada.page.keyboard.press("Home");
    await expect.poll(() => ada.texts(), POLL).toEqual(LINES);
    // The reader's place is kept where a page came after the scroll had ended: the way to the top goes on from there.
    const beginning = ada.page.getByText("This is where #random begins.");
    const goUp = async () => {
      await ada.page.keyboard.press("Home");
      return beginning.isVisible();
    };
    await expect.poll(goUp, POLL).toBe(true);
    expect(await ada.texts()).toEqual(LINES);
  });

  it("a new message does not scroll a list that is scrolled up", async () => {
    const [ada, bob] = await Promise.all([scenario.guest("Ada"), scenario.guest("Bob")]);
    await Promise.all([ada.goTo("random"), bob.goTo("random")]);
    await ada.sees(...LINES.slice(60));
    await bob.sees(...LINES.slice(60));
    const messages = ada.page.getByRole("region", { name: "Messages in random" });
    await messages.evaluate((element) => (element.scrollTop = 400));
    await bob.send("newest");
    await expect.poll(() => ada.at("new-messages").innerText(), POLL).toBe("1 new message");
    const isInView = () => ada.at("message").last().isVisible();
    expect(await messages.evaluate((element) => element.scrollTop)).toBe(400);
    await ada.at("new-messages").click();
    await expect.poll(isInView, POLL).toBe(true);
    await expect.poll(() => ada.at("new-messages").count(), POLL).toBe(0);
  });

  it("[demo 5] [demo 11] a reader's place survives a change of rooms, a cut and a restart of the server, and a button leads to the newest message", async () => {
    const ada = await scenario.guest("Ada");
    await ada.goTo("random");
    const messages = ada.page.getByRole("region", { name: "Messages in random" });
    await messages.evaluate((element) => (element.scrollTop = 0));
    const line = ada.page.locator('[data-id="old-50"]');
    await line.evaluate((element) => element.scrollIntoView());
    await expect.poll(() => ada.at("new-messages").innerText(), POLL).toBe("Newest messages");
    const top = async () => Math.round(await line.evaluate((element) => element.getBoundingClientRect().top));
    const before = await top();

    await ada.goTo("general");
    await ada.goTo("random");
    await expect.poll(top, POLL).toBe(before);

    await ada.at("cut").click();
    await ada.connectionIs("waiting");
    await ada.page.getByRole("button", { name: "Reconnect now" }).click();
    await ada.isOnline();
    expect(await top()).toBe(before);

    const bob = await scenario.guest("Bob");
    await bob.goTo("random");
    await scenario.server.stop();
    await scenario.server.start();
    await bob.send("after the restart");
    await expect.poll(() => ada.at("new-messages").innerText(), POLL).toBe("1 new message");
    await expect.poll(top, POLL).toBe(before);

    await ada.at("new-messages").click();
    await expect.poll(() => ada.at("message").last().innerText(), POLL).toContain("after the restart");
    await expect.poll(() => ada.at("new-messages").count(), POLL).toBe(0);
  });
});

/** A hundred messages of yesterday, written as the demo's own server writes them. */
function write(path: string): void {
  const database = new DatabaseSync(path);
  const insert = database.prepare(
    "INSERT INTO message (id, room, user_id, user_name, content, sent_at) VALUES (?, 'random', 'u0', 'Old Salt', ?, ?)",
  );
  LINES.forEach((line, index) => {
    insert.run(
      `old-${String(index + 1)}`,
      line,
      new Date(Date.now() - 86_400_000 + index * 1000).toISOString(),
    );
  });
  database.close();
}
