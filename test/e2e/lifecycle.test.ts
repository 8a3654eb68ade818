import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openTabs } from "../support/chromium.ts";
import type { Tabs } from "../support/chromium.ts";
import { PATIENCE } from "./user-page.ts";
import type { Person } from "./user-page.ts";
import { Stage } from "./scenario.ts";

const FROZEN_MS = 2_000;
/** From waking to being live again. */
const LIVE_MS = 1_000;

describe("pages that Chromium hides, freezes and kills", () => {
  let stage: Stage;
  let tabs: Tabs;
  let ada: Person;
  let bob: Person;
  beforeAll(async () => {
    stage = await Stage.open();
    tabs = await openTabs();
    ada = await stage.visitorIn(tabs);
    await ada.signUp("Ada", "ada@example.com");
    bob = await stage.guest("Bob");
  });
  afterEach(() => {
    // The browser's own words about the connection that it takes from a page when it freezes it.
    stage.expectNoComplaints(/WebSocket connection to .* failed: Page entered Back-Forward Cache/);
  });
  afterAll(async () => {
    await tabs.close();
    await stage.close();
  });

  it("a hidden tab probes its connection at once when it is shown", async () => {
    await ada.looksAway();
    await bob.say("unseen");
    await expect.poll(() => ada.texts(), PATIENCE).toContain("unseen");
    const cdp = await ada.page.context().newCDPSession(ada.page);
    await cdp.send("Network.enable");
    const frame = async (
      event: "Network.webSocketFrameReceived" | "Network.webSocketFrameSent",
      text: string,
    ) =>
      new Promise<void>((resolve) => {
        cdp.on(event, ({ response }) => {
          if (response.payloadData.includes(text)) resolve();
        });
      });
    const asked = frame("Network.webSocketFrameSent", '"type":"ping"');
    const answered = frame("Network.webSocketFrameReceived", '"type":"pong"');
    const shownAt = performance.now();
    await ada.looksBack();
    await Promise.all([asked, answered]);
    expect(performance.now() - shownAt).toBeLessThan(LIVE_MS);
    await cdp.detach();
  });

  it("a frozen page is live within a second of waking, has every missed message and never left", async () => {
    await expect.poll(() => bob.people(), PATIENCE).toContain("Ada");
    await ada.looksAway();
    const seen = await bob.watchPeople();
    const before = await seen();
    const cdp = await ada.page.context().newCDPSession(ada.page);
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await bob.say("while she sleeps");
    await pause(FROZEN_MS);
    const wokenAt = performance.now();
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await ada.looksBack();
    await ada.page.getByText("while she sleeps", { exact: true }).waitFor({ timeout: LIVE_MS });
    await ada.connectionIs("open");
    expect(performance.now() - wokenAt).toBeLessThan(LIVE_MS);
    await ada.say("awake");
    await Promise.all([ada.sees("while she sleeps", "awake"), bob.sees("while she sleeps", "awake")]);
    expect(await seen()).toEqual(before);
  });

  it("a killed tab leaves its user online when another tab is open", async () => {
    const seen = await bob.watchPeople();
    const before = await seen();
    const second = await stage.anotherTab(ada);
    const cdp = await second.page.context().newCDPSession(second.page);
    const crashed = second.page.waitForEvent("crash");
    cdp.send("Page.crash").catch(() => undefined);
    await crashed;
    expect(second.complaints.splice(0)).toEqual(["The page has crashed."]);
    await ada.looksBack();
    await ada.say("the other tab is here");
    await bob.sees("the other tab is here");
    expect(await seen()).toEqual(before);
  });
});
