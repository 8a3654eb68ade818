import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario, SERVER_DOWN } from "./scenario.ts";

/** The page after a reload shows the newest page of the history. */
const PAGE_SIZE = 40;
const BURST = Array.from({ length: 60 }, (_, index) => `burst ${String(index + 1)}`);

describe("what a page keeps without a connection", () => {
  let scenario: Scenario;
  let ada: UserPage;
  let bob: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    ada = await scenario.visitor();
    await ada.page.clock.install();
    await ada.signUp("Ada", "ada@example.com");
    bob = await scenario.guest("Bob");
  });
  afterEach(() => {
    scenario.expectNoErrors(SERVER_DOWN);
  });
  afterAll(async () => scenario.close());

  it("[demo 1] messages that wait, and drafts, survive a reload", async () => {
    await ada.at("cut").click();
    await ada.connectionIs("waiting");
    await ada.send("first of two");
    await ada.send("second of two");
    await ada.goTo("random");
    await ada.at("composer").fill("a draft of random");
    await ada.goTo("general");
    await ada.at("composer").fill("half a sen");
    await ada.page.reload();
    await Promise.all([ada.sees("first of two", "second of two"), bob.sees("first of two", "second of two")]);
    expect(await ada.at("composer").inputValue()).toBe("half a sen");
    await ada.goTo("random");
    expect(await ada.at("composer").inputValue()).toBe("a draft of random");
    await ada.goTo("general");
  });

  it("[demo 1] a reload in the middle of sixty messages loses and repeats none of them", async () => {
    for (const text of BURST) await ada.send(text);
    await ada.page.reload();
    await expect.poll(() => bob.texts(), POLL).toEqual(["first of two", "second of two", ...BURST]);
    await ada.isOnline();
    await ada.sees(...BURST.slice(-PAGE_SIZE));
  });

  it("[demo 2] [demo 6] a message waits for a server that is down for ten minutes, and a new room is refused at once and in words", async () => {
    await scenario.server.stop();
    await ada.connectionIs("waiting");
    await ada.send("patience");
    await ada.page.clock.fastForward("10:00");
    await expect.poll(async () => (await ada.messages()).at(-1), POLL).toMatchObject({ status: "sending" });

    await ada.at("new-room").click();
    await ada.page.getByLabel("Name").fill("too early");
    await ada.page.keyboard.press("Enter");
    const problem = ada.page.getByRole("dialog").getByRole("alert");
    const text = "The server does not answer. Please try again when you are online.";
    await expect.poll(() => problem.innerText(), { ...POLL, timeout: 2_000 }).toBe(text);
    await ada.page.keyboard.press("Escape");

    await scenario.server.start();
    // As a click, also where the page, which has woken up, has connected by itself by now and hides the button.
    await ada.page.getByRole("button", { name: "Reconnect now" }).dispatchEvent("click");
    await ada.sees("patience");
    expect(await ada.at("retry").count()).toBe(0);
  });
});
