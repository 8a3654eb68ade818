import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

describe("the address of a room", () => {
  let scenario: Scenario;
  let ada: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    ada = await scenario.guest("Ada");
  });
  afterAll(async () => scenario.close());

  it("[demo 3] an address with a room that does not exist, or with half an escape, says so and leads to a room", async () => {
    for (const name of ["nonexistent", "%"]) {
      await ada.page.goto(`${scenario.server.origin}/#${name}`);
      await ada.page.reload();
      await expect
        .poll(() => ada.at("missing-room").innerText(), POLL)
        .toContain(`There is no room #${name}`);
      expect(await ada.page.title()).toBe(`#${name} · Halyard`);
    }
    await ada.page.getByRole("link", { name: "Open #general" }).click();
    await ada.isIn("general");
    scenario.expectNoErrors();
  });

  it("[demo 3] the page of a room has its title and a text while it loads", async () => {
    await ada.page.routeWebSocket(/\/ws/, () => undefined);
    await ada.page.goto(`${scenario.server.origin}/#random`);
    await ada.page.reload();
    await ada.page.getByText("Loading messages…").waitFor();
    expect(await ada.page.title()).toBe("#random · Halyard");
    await ada.isIn("random");
  });

  it("[demo 3] a page that cannot be rendered says so and offers a reload", async () => {
    await ada.page.addInitScript(() => Object.assign(Intl, { Segmenter: undefined }));
    await ada.page.reload();
    await ada.at("failure").getByRole("button", { name: "Reload" }).waitFor();
  });
});
