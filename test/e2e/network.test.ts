import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openTabs } from "../support/chromium.ts";
import type { Tabs } from "../support/chromium.ts";
import { PATIENCE } from "./user-page.ts";
import type { Person } from "./user-page.ts";
import { Stage } from "./scenario.ts";

/** Three seconds for the answer to a probe, and a way back; without a probe it would be 35 s and more. */
const FOUND_MS = 8_000;
/** From being shown to being live again. */
const LIVE_MS = 1_000;

describe("a page behind a failing network", () => {
  let stage: Stage;
  let proxy: FaultProxy;
  let tabs: Tabs;
  let ada: Person;
  let bob: Person;
  beforeAll(async () => {
    stage = await Stage.open();
    proxy = await createFaultProxy({ target: { port: stage.server.port } });
    const origin = `http://127.0.0.1:${String(proxy.port)}`;
    await stage.server.stop("SIGTERM");
    await stage.server.start({ ALLOWED_ORIGINS: origin });
    tabs = await openTabs();
    ada = await stage.visitorIn(tabs, origin);
    await ada.enterAsGuest("Ada");
    bob = await stage.guest("Bob");
  });
  afterEach(() => {
    // The browser's own words about a refused connection, and about the client's question why.
    stage.expectNoComplaints(/WebSocket connection to .* failed|Failed to load resource/);
  });
  afterAll(async () => {
    await tabs.close();
    await stage.close();
    await proxy.close();
  });

  it("a page resumes after a cut with every missed message and never leaves the list", async () => {
    await expect.poll(() => bob.people(), PATIENCE).toContain("Ada");
    const seen = await bob.watchPeople();
    const before = await seen();
    proxy.refuse();
    for (const connection of proxy.connections) connection.cut();
    await ada.connectionIs("waiting");
    await Promise.all([ada.say("typed in the dark"), bob.say("said meanwhile")]);
    await bob.sees("said meanwhile");
    proxy.accept();
    await bob.sees("said meanwhile", "typed in the dark");
    await ada.sees("said meanwhile", "typed in the dark");
    expect(await seen()).toEqual(before);
  });

  it("a hidden page is live within a second of being shown, however long its backoff still was", async () => {
    await ada.looksAway();
    proxy.refuse();
    for (const connection of proxy.connections) connection.cut();
    await bob.say("while nobody looked");
    // More than two seconds are left.
    const wait = () => ada.at("connection").textContent();
    await expect.poll(wait, PATIENCE).toMatch(/in ([3-9]|\d\d) s/);
    proxy.accept();
    const shownAt = performance.now();
    await ada.looksBack();
    await ada.page.getByText("while nobody looked", { exact: true }).waitFor({ timeout: LIVE_MS });
    await ada.connectionIs("open");
    expect(performance.now() - shownAt).toBeLessThan(LIVE_MS);
  });

  it("a page that is shown again detects a dead connection within 8 s", async () => {
    // A new client, whose waits do not remember what failed before.
    await ada.page.reload();
    await ada.isOnline();
    await ada.looksAway();
    for (const connection of proxy.connections) connection.halfOpen("server");
    await bob.say("into the void");
    await bob.sees("into the void");
    const lookedAt = performance.now();
    await ada.looksBack();
    await ada.page.getByText("into the void", { exact: true }).waitFor({ timeout: FOUND_MS });
    await ada.isOnline();
    expect(performance.now() - lookedAt).toBeLessThan(FOUND_MS);
    await ada.say("here again");
    await bob.sees("into the void", "here again");
  });
});
