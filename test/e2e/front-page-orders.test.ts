// The buttons of the front page in orders that nobody planned: twice, without a connection, and in the middle of a trouble.
import { afterAll, beforeAll, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import { FrontPage } from "./front-page.ts";
import { Scenario } from "./scenario.ts";

/** What Chromium itself reports of a pane that is refused after a sign-out. */
const REFUSED = /WebSocket connection to .* failed|status of 401|response code: 401/;
let scenario: Scenario;

beforeAll(async () => {
  scenario = await Scenario.open({ isSupervised: true });
});
afterAll(async () => scenario.close());

async function openFrontPage(): Promise<FrontPage> {
  const page = new FrontPage(await scenario.visitor({}, scenario.server.origin));
  await page.isReady();
  return page;
}

it("a sign-out that is pressed twice counts each socket once", async () => {
  const page = await openFrontPage();
  await page.at("sign-out").evaluate((button: HTMLElement) => {
    button.click();
    button.click();
  });
  await page.at("stage-signed-out").waitFor();
  await page.stateIs("companion", "authRequired");
  expect(await page.at("sign-out-time").innerText()).toMatch(/^2 sockets closed in \d+ ms$/);
  scenario.expectNoErrors();
});

it("a sign-out that goes into a frozen line is sent again, and closes the sockets of both panes", async () => {
  const page = await openFrontPage();
  await page.at("trouble-freeze").click();
  await page.at("verdict-running").waitFor();
  await page.at("sign-out").click();
  await page.at("stage-signed-out").waitFor();
  expect(await page.at("sign-out-time").innerText()).toMatch(/^[12] sockets? closed in \d+ ms$/);
  scenario.expectNoErrors();
});

it("a sign-out without a connection says that it waits, and closes the sockets as soon as there is one", async () => {
  const page = await openFrontPage();
  for (const plug of ["plug-you", "plug-companion"]) await page.at(plug).click();
  await page.stateIs("you", "waiting");
  await page.at("sign-out").click();
  await page.at("sign-out-time").getByText("waits for a connection").waitFor();
  await page.at("plug-you").click();
  await page.at("stage-signed-out").waitFor();
  await expect.poll(() => page.at("sign-out-time").innerText(), POLL).toMatch(/^1 socket closed in \d+ ms$/);
  // The canvas lists no user after a sign-out, and the plugs are locked.
  expect(await page.at("guests").locator("li").count()).toBe(0);
  expect(await page.at("plug-companion").getAttribute("aria-disabled")).toBe("true");
  scenario.expectNoErrors(REFUSED);
});

it("a trouble that is started while both plugs are out begins when they are in, and counts only itself", async () => {
  const page = await openFrontPage();
  for (const plug of ["plug-you", "plug-companion"]) await page.at(plug).click();
  await page.stateIs("you", "waiting");
  expect(await page.makeTrouble("double")).toMatchObject({
    title: "Each message was sent twice",
    awayMs: 0,
    written: 4,
    doubledFrames: 4,
    lost: 0,
    doubled: 0,
  });
  scenario.expectNoErrors();
});

it("a killed server that is killed again at once dies again, and a plug cannot be moved meanwhile", async () => {
  const page = await openFrontPage();
  for (const time of ["first", "second"]) {
    await page.at("trouble-kill").click();
    await page.at("verdict-running").waitFor();
    expect([time, await page.at("plug-you").getAttribute("aria-disabled")]).toEqual([time, "true"]);
    await page.at("plug-you").click({ force: true });
    expect(await page.verdict()).toMatchObject({
      written: 2,
      sentOnce: 2,
      connections: 1,
      lost: 0,
      doubled: 0,
    });
  }
  await page.bothShowTheSame();
  scenario.expectNoErrors(/WebSocket connection to .* failed/);
});

it("Back leads from the sign-in form to the front page", async () => {
  const page = await openFrontPage();
  await page.user.page.getByRole("link", { name: "Open the chat" }).first().click();
  await page.at("sign-in-form").waitFor();
  await page.user.page.goBack();
  await page.isReady();
  await page.user.page.goForward();
  await page.at("sign-in-form").waitFor();
  scenario.expectNoErrors();
});
