import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openTabs } from "../support/chromium.ts";
import type { Tabs } from "../support/chromium.ts";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { chatAt, Scenario } from "./scenario.ts";

/** Three seconds for the answer to a probe, and a reconnect; without a probe it would be 35 s and more. */
const FOUND_MS = 8_000;
/** Two seconds of waiting, three for the answer to a probe, and a reconnect. */
const PROBED_MS = 12_000;
/** How soon after it is shown a page is live again. */
const LIVE_MS = 1_000;

describe("a page behind a failing network", () => {
  let scenario: Scenario;
  let proxy: FaultProxy;
  let tabs: Tabs;
  let ada: UserPage;
  let bob: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    proxy = await createFaultProxy({ target: { port: scenario.server.port } });
    const origin = `http://127.0.0.1:${String(proxy.port)}`;
    await scenario.server.stop("SIGTERM");
    await scenario.server.start({ ALLOWED_ORIGINS: origin });
    tabs = await openTabs();
    ada = await scenario.visitorIn(tabs, chatAt(origin));
    await ada.signInAsGuest("Ada");
    bob = await scenario.guest("Bob");
  });
  afterEach(() => {
    // The browser itself reports a refused connection, and the client's GET that asks for the reason.
    scenario.expectNoErrors(/WebSocket connection to .* failed|Failed to load resource/);
  });
  afterAll(async () => {
    await tabs.close();
    await scenario.close();
    await proxy.close();
  });

  it("a page resumes after a cut with every missed message and never leaves the list", async () => {
    await expect.poll(() => bob.userNames(), POLL).toContain("Ada");
    const seen = await bob.watchUserNames();
    const before = await seen();
    proxy.refuse();
    for (const connection of proxy.connections) connection.cut();
    await ada.connectionIs("waiting");
    await Promise.all([ada.send("typed in the dark"), bob.send("said meanwhile")]);
    await bob.sees("said meanwhile");
    proxy.accept();
    await bob.sees("said meanwhile", "typed in the dark");
    await ada.sees("said meanwhile", "typed in the dark");
    expect(await seen()).toEqual(before);
  });

  it("a hidden page is live within a second of being shown, however long its backoff still was", async () => {
    await ada.hide();
    proxy.refuse();
    for (const connection of proxy.connections) connection.cut();
    await bob.send("while nobody looked");
    // The backoff still lasts more than two seconds.
    const wait = () => ada.at("connection").textContent();
    await expect.poll(wait, POLL).toMatch(/in ([3-9]|\d\d) s/);
    proxy.accept();
    const shownAt = performance.now();
    await ada.show();
    await ada.page.getByText("while nobody looked", { exact: true }).waitFor({ timeout: LIVE_MS });
    await ada.connectionIs("open");
    expect(performance.now() - shownAt).toBeLessThan(LIVE_MS);
  });

  it("a page that is shown again detects a dead connection within 8 s", async () => {
    // The reload makes a new client, whose backoff starts from the beginning.
    await ada.page.reload();
    await ada.isOnline();
    await ada.hide();
    for (const connection of proxy.connections) connection.halfOpen("server");
    await bob.send("into the void");
    await bob.sees("into the void");
    const lookedAt = performance.now();
    await ada.show();
    await ada.page.getByText("into the void", { exact: true }).waitFor({ timeout: FOUND_MS });
    await ada.isOnline();
    expect(performance.now() - lookedAt).toBeLessThan(FOUND_MS);
    await ada.send("here again");
    await bob.sees("into the void", "here again");
  });

  it("[demo 7] a message that waits for 2 s on a frozen line makes the page check the line, and is delivered by a new connection", async () => {
    for (const connection of proxy.connections) connection.halfOpen("server");
    const sentAt = performance.now();
    await ada.send("on a frozen line");
    await ada.page.locator("[data-testid=connection][data-status=checking]").waitFor();
    const checkedAfter = performance.now() - sentAt;
    expect(checkedAfter).toBeGreaterThan(1_500);
    expect(await ada.at("connection").innerText()).toContain("Checking");
    await bob.sees("on a frozen line");
    expect(performance.now() - sentAt).toBeLessThan(PROBED_MS);
    await ada.sees("on a frozen line");
  });
});
