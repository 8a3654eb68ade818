import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openTabs } from "../support/chromium.ts";
import type { Tabs } from "../support/chromium.ts";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

const FROZEN_MS = 2_000;
/** How soon after it wakes a page is live again. */
const LIVE_MS = 1_000;

describe("pages that Chromium hides, freezes and kills", () => {
  let scenario: Scenario;
  let tabs: Tabs;
  let ada: UserPage;
  let bob: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    tabs = await openTabs();
    ada = await scenario.visitorIn(tabs);
    await ada.signUp("Ada", "ada@example.com");
    bob = await scenario.guest("Bob");
  });
  afterEach(() => {
    // Chromium itself reports the connection that it closes when it freezes a page.
    scenario.expectNoErrors(/WebSocket connection to .* failed: Page entered Back-Forward Cache/);
  });
  afterAll(async () => {
    await tabs.close();
    await scenario.close();
  });

  it("a hidden tab probes its connection at once when it is shown", async () => {
    await ada.hide();
    await bob.send("unseen");
    await expect.poll(() => ada.texts(), POLL).toContain("unseen");
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
    const pingSent = frame("Network.webSocketFrameSent", '"type":"ping"');
    const pongReceived = frame("Network.webSocketFrameReceived", '"type":"pong"');
    const shownAt = performance.now();
    await ada.show();
    await Promise.all([pingSent, pongReceived]);
    expect(performance.now() - shownAt).toBeLessThan(LIVE_MS);
    await cdp.detach();
  });

  it("a frozen page is live within a second of waking, has every missed message and never left", async () => {
    await expect.poll(() => bob.userNames(), POLL).toContain("Ada");
    await ada.hide();
    const seen = await bob.watchUserNames();
    const before = await seen();
    const cdp = await ada.page.context().newCDPSession(ada.page);
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await bob.send("while she sleeps");
    await pause(FROZEN_MS);
    const wokenAt = performance.now();
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await ada.show();
    await ada.page.getByText("while she sleeps", { exact: true }).waitFor({ timeout: LIVE_MS });
    await ada.connectionIs("open");
    expect(performance.now() - wokenAt).toBeLessThan(LIVE_MS);
    await ada.send("awake");
    await Promise.all([ada.sees("while she sleeps", "awake"), bob.sees("while she sleeps", "awake")]);
    expect(await seen()).toEqual(before);
  });

  it("a killed tab leaves its user online when another tab is open", async () => {
    const seen = await bob.watchUserNames();
    const before = await seen();
    const second = await scenario.anotherTab(ada);
    const cdp = await second.page.context().newCDPSession(second.page);
    const crashed = second.page.waitForEvent("crash");
    cdp.send("Page.crash").catch(() => undefined);
    await crashed;
    expect(second.pageErrors.splice(0)).toEqual(["The page has crashed."]);
    await ada.show();
    await ada.send("the other tab is here");
    await bob.sees("the other tab is here");
    expect(await seen()).toEqual(before);
  });
});
