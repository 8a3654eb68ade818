import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

describe.each(["node", "bun"] as const)("two users, on %s", (runtime) => {
  let scenario: Scenario;
  let ada: UserPage;
  let bob: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open({ runtime });
    ada = await scenario.account("Ada");
    bob = await scenario.account("Bob");
  });
  afterEach(() => {
    scenario.expectNoErrors();
  });
  afterAll(async () => scenario.close());

  it("two users see each other after signing up, and the first one is the admin", async () => {
    await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Bob"]);
    await expect.poll(() => bob.userNames(), POLL).toEqual(["Bob", "Ada"]);
    expect(await ada.page.getByText("Admin", { exact: true }).count()).toBe(1);
    expect(await bob.page.getByText("Member", { exact: true }).count()).toBe(1);
  });

  it("a typing indicator is shown until the message arrives", async () => {
    const line = ada.page.locator("[data-testid=typing][data-active]");
    await bob.at("composer").pressSequentially("hello th");
    await expect.poll(() => line.allInnerTexts(), POLL).toEqual(["Bob is typing…"]);
    await bob.send("hello there");
    await ada.sees("hello there");
    expect(await line.count()).toBe(0);
    await bob.sees("hello there");
  });

  it("two users chat in a new room, and unread messages are counted", async () => {
    await ada.at("new-room").click();
    await ada.page.getByLabel("Name").fill("Tall Ships");
    await ada.page.keyboard.press("Enter");
    await ada.isIn("tall-ships");
    await ada.at("empty-room").waitFor();
    await ada.send("ahoy");
    await expect.poll(() => bob.at("unread-tall-ships").innerText(), POLL).toMatch(/^1/);
    expect(await bob.page.title()).toBe("(1) #general · Halyard");
    await bob.goTo("tall-ships");
    await bob.sees("ahoy");
    expect(await bob.at("unread-tall-ships").count()).toBe(0);
    await bob.send("ahoy yourself");
    await ada.sees("ahoy", "ahoy yourself");
    await Promise.all([ada.goTo("general"), bob.goTo("general")]);
  });

  it("a user is one list entry, however many tabs open, reload and close", async () => {
    const seen = await bob.watchUserNames();
    const second = await scenario.anotherTab(ada);
    await second.send("from my other tab");
    await ada.sees("from my other tab");
    await bob.sees("from my other tab");
    await second.page.close();
    await ada.page.reload();
    await ada.isOnline();
    // Cara leaves after the grace period of 5 s; a wrong leave of Ada, begun earlier, would show before that.
    const cara = await scenario.guest("Cara");
    await expect.poll(() => bob.userNames(), POLL).toEqual(["Bob", "Ada", "Cara"]);
    await cara.page.context().close();
    await expect.poll(() => bob.userNames(), POLL).toEqual(["Bob", "Ada"]);
    expect(await seen()).toEqual(["Bob, Ada", "Bob, Ada, Cara", "Bob, Ada"]);
    await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Bob"]);
  });

  it("a cut connection loses no message and removes no user from the list", async () => {
    const seen = await bob.watchUserNames();
    await ada.send("before the cut");
    await bob.sees("before the cut");
    await ada.at("cut").click();
    await ada.connectionIs("waiting");
    expect(await ada.at("connection").innerText()).toContain("Reconnecting in");
    await ada.send("typed while cut off");
    await expect.poll(async () => (await ada.messages()).at(-1)?.status, POLL).toBe("sending");
    await bob.send("missed by ada");
    await bob.sees("before the cut", "missed by ada");
    await ada.isOnline();
    const after = ["before the cut", "missed by ada", "typed while cut off"];
    await Promise.all([ada.sees(...after), bob.sees(...after)]);
    expect(await ada.messages()).toEqual(await bob.messages());
    expect(await seen()).toEqual(["Bob, Ada"]);
  });

  it("a sign-out signs out every tab of the user, and other users see the user leave", async () => {
    const dora = await scenario.guest("Dora");
    const second = await scenario.anotherTab(dora);
    await expect.poll(() => ada.userNames(), POLL).toContain("Dora");
    await dora.page.getByRole("button", { name: "Sign out" }).click();
    await dora.at("sign-in-form").waitFor();
    await second.at("sign-in-form").waitFor();
    await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Bob"]);
  });

  it("a session that is revoked elsewhere leads to the sign-in form with a notice", async () => {
    const elsewhere = await scenario.visitor();
    await elsewhere.signIn("bob@example.com");
    const revoked = await elsewhere.page.evaluate(async () => {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
      return (await fetch("/api/auth/revoke-other-sessions", init)).status;
    });
    expect(revoked).toBe(200);
    await bob.at("sign-in-form").waitFor();
    expect(await bob.page.getByRole("status").allInnerTexts()).toContain("You have been signed out.");
    await elsewhere.send("still here");
    await ada.sees("still here");
  });
});
