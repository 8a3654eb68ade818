import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PATIENCE } from "./person.ts";
import type { Person } from "./person.ts";
import { Stage } from "./stage.ts";

const FROZEN_MS = 2_000;
/** From waking to being live again. */
const LIVE_MS = 1_000;

describe("a page that Chromium puts to sleep", () => {
  let stage: Stage;
  let ada: Person;
  let bob: Person;
  beforeAll(async () => {
    stage = await Stage.open();
    ada = await stage.account("Ada");
    bob = await stage.guest("Bob");
  });
  afterEach(() => {
    stage.expectNoComplaints();
  });
  afterAll(async () => stage.close());

  it("is live within a second of waking, with everything it missed, and never left", async () => {
    await expect.poll(() => bob.people(), PATIENCE).toContain("Ada");
    const seen = await bob.watchPeople();
    const before = await seen();
    const cdp = await ada.page.context().newCDPSession(ada.page);
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await bob.say("while she sleeps");
    await pause(FROZEN_MS);
    const wokenAt = performance.now();
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await ada.page.getByText("while she sleeps", { exact: true }).waitFor({ timeout: LIVE_MS });
    await ada.connectionIs("open");
    expect(performance.now() - wokenAt).toBeLessThan(LIVE_MS);
    await ada.say("awake");
    await Promise.all([ada.sees("while she sleeps", "awake"), bob.sees("while she sleeps", "awake")]);
    expect(await seen()).toEqual(before);
  });

  it("in one of two tabs that is killed leaves its user online", async () => {
    const seen = await bob.watchPeople();
    const before = await seen();
    const second = await stage.anotherTab(ada);
    const cdp = await second.page.context().newCDPSession(second.page);
    const crashed = second.page.waitForEvent("crash");
    cdp.send("Page.crash").catch(() => undefined);
    await crashed;
    expect(second.complaints.splice(0)).toEqual(["The page has crashed."]);
    await ada.say("the other tab is here");
    await bob.sees("the other tab is here");
    expect(await seen()).toEqual(before);
  });
});
