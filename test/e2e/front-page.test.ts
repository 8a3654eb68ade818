import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verdict } from "../../apps/demo/web/front-page/model/verdict.ts";
import { POLL } from "../support/wait.ts";
import { Scenario } from "./scenario.ts";
import { FrontPage } from "./front-page.ts";

/** What Chromium itself reports while the server is down. */
const SERVER_DOWN = /WebSocket connection to .* failed/;
/** What a page reports of a server that is too busy for a moment: four pages open at once. */
const SERVER_BUSY = /response code: 503|\[halyard\] No (answer|WebSocket)/;
const GOOD = { lost: 0, doubled: 0 };

describe("the front page", () => {
  let scenario: Scenario;
  const pages: Partial<Record<string, FrontPage>> = {};
  const verdicts: Partial<Record<string, Verdict>> = {};
  beforeAll(async () => {
    scenario = await Scenario.open({ isSupervised: true });
    // Each trouble in a visit of its own, all at once: none of them concerns another visit.
    await Promise.all(
      ["unplug", "freeze", "double", "cuts"].map(async (trouble) => {
        const page = await openFrontPage(scenario);
        pages[trouble] = page;
        verdicts[trouble] = await page.makeTrouble(trouble);
      }),
    );
  });
  afterAll(async () => scenario.close());

  it("a pulled plug loses and doubles nothing: two lines are sent once, and the missed line is replayed", async () => {
    expect(verdicts["unplug"]).toMatchObject({ ...GOOD, written: 2, sentOnce: 2, connections: 1, loaded: 0 });
    expect(verdicts["unplug"]?.awayMs).toBeGreaterThan(3_000);
    expect(verdicts["unplug"]?.replayed).toBeGreaterThanOrEqual(1);
    const legend = pages["unplug"]?.user.page.getByRole("list", { name: "The marks of a line" });
    expect(await legend?.innerText()).toContain("replayed missed, and sent by the server");
    expect(await pages["unplug"]?.at("verdict").innerText()).toMatch(
      /away \d\.\d s · 2 sent once · \d missed and replayed · 0 lost · 0 doubled/,
    );
  });

  it("a frozen line is noticed and replaced: what went into it is sent again, once", () => {
    expect(verdicts["freeze"]).toMatchObject({ ...GOOD, written: 2, sentOnce: 2, connections: 1 });
    expect(verdicts["freeze"]?.replayed).toBeGreaterThanOrEqual(1);
  });

  it("a message that is sent twice arrives once", () => {
    expect(verdicts["double"]).toMatchObject({
      ...GOOD,
      written: 4,
      sentOnce: 4,
      doubledFrames: 4,
      awayMs: 0,
    });
  });

  it("twenty cuts in a row lose and double nothing", () => {
    expect(verdicts["cuts"]).toMatchObject({ ...GOOD, written: 4, sentOnce: 4, connections: 20 });
    expect(verdicts["cuts"]?.replayed).toBeGreaterThanOrEqual(1);
  });

  it("both panes show the same lines after each trouble, and the score and the checklist have counted it", async () => {
    for (const [trouble, page] of Object.entries(pages)) {
      await page?.bothShowTheSame();
      const score = await page?.at("score").innerText();
      expect(score).toMatch(/^lines\s\d+\sdeliveries\s\d+\slost\s0\sdoubled\s0$/);
      // Freezing the line has a button, and is no step of the list.
      const isListed = trouble !== "freeze";
      if (isListed) expect(await page?.at(`step-${trouble}`).getAttribute("data-done")).toBe("true");
      expect(await page?.at("steps-done").innerText()).toBe(`${isListed ? "1" : "0"} of 6 done`);
    }
    scenario.expectNoErrors(SERVER_BUSY);
  });

  it("a killed server is started again, and every line arrives once in both panes", async () => {
    const page = pages["unplug"];
    expect(await page?.makeTrouble("kill")).toMatchObject({
      ...GOOD,
      written: 2,
      sentOnce: 2,
      connections: 1,
    });
    await page?.bothShowTheSame();
    scenario.expectNoErrors(SERVER_DOWN);
  });

  it("each pane has its own plug: what is written meanwhile arrives when it is plugged in", async () => {
    const page = pages["double"];
    await page?.at("plug-companion").click();
    await page?.stateIs("companion", "waiting");
    await page?.write("Can you hear me?");
    await expect.poll(async () => (await page?.lines("you"))?.at(-1)?.text, POLL).toBe("Can you hear me?");
    await page?.at("plug-companion").click();
    await page?.pane("companion").getByText("Can you hear me?").waitFor();
    await page?.at("verdict").getByText("Grace’s plug was pulled").waitFor();
    expect(await page?.verdict()).toMatchObject(GOOD);
    scenario.expectNoErrors(SERVER_DOWN);
  });

  it("a sign-out closes the sockets of both panes, and the top of the page leads to another visit", async () => {
    const page = pages["freeze"];
    await page?.at("sign-out").click();
    const time = () => page?.at("sign-out-time").innerText();
    await expect.poll(time, POLL).toMatch(/^2 sockets closed in \d+ ms$/);
    for (const pane of ["you", "companion"] as const) await page?.stateIs(pane, "authRequired");
    expect(await page?.at("stage-signed-out").innerText()).toContain("You are signed out");
    await page?.at("restart").click();
    await page?.isReady();
    await page?.at("stage-signed-out").waitFor({ state: "detached" });
  });

  it("a button leads to the sign-in form, and the address of the chat stays with the chat", async () => {
    const user = pages["cuts"]?.user;
    await user?.page.getByRole("link", { name: "Open the chat" }).first().click();
    await user?.signInAsGuest("Ada");
    expect(new URL(user?.page.url() ?? "").hash).toBe("#general");
    // A session begins in the chat, also at the address without a room.
    await user?.page.goto(scenario.server.origin);
    await user?.isOnline();
  });
});

it("a killed server is started again on Bun, and loses nothing", async () => {
  const scenario = await Scenario.open({ runtime: "bun", isSupervised: true });
  const page = await openFrontPage(scenario);
  // A server that was killed must be up for three seconds before it can be killed again.
  await expect.poll(async () => (await page.lines("you")).length, POLL).toBeGreaterThan(0);
  expect(await page.makeTrouble("kill")).toMatchObject({ ...GOOD, written: 2, sentOnce: 2 });
  await page.bothShowTheSame();
  scenario.expectNoErrors(SERVER_DOWN);
  await scenario.close();
});

async function openFrontPage(scenario: Scenario): Promise<FrontPage> {
  const page = new FrontPage(await scenario.visitor({}, scenario.server.origin));
  await page.isReady();
  return page;
}
