import { afterAll, beforeAll, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import { Scenario } from "./scenario.ts";

let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.open();
});
afterAll(async () => scenario.close());

it("a user of the chat sees the own tabs, others see their number, and a sign-out everywhere ends all of them", async () => {
  const [grace, lin] = [await scenario.account("Grace"), await scenario.guest("Lin")];
  const second = await scenario.anotherTab(grace);
  await lin
    .at("person")
    .filter({ hasText: /Grace.*2 tabs/s })
    .waitFor();
  expect(await lin.at("own-tabs").innerText()).toBe("1 tab");
  expect(await lin.page.getByTestId("device").count()).toBe(0);
  await second.at("own-tabs").click();
  await expect
    .poll(() => second.at("device").allInnerTexts(), POLL)
    .toEqual([
      expect.stringMatching(/^Chrome on Linux\s+since/) as string,
      expect.stringMatching(/^Chrome on Linux\s*this tab\s+since/) as string,
    ]);
  await second.at("sign-out-everywhere").click();
  await grace.at("sign-in-form").waitFor();
  await second.at("own-tabs").waitFor({ state: "detached" });
  await lin.isOnline();
  await expect.poll(() => lin.userNames(), POLL).toEqual(["Lin"]);
  scenario.expectNoErrors();
});
