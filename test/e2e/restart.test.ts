import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { IS_LONG } from "../support/long-run.ts";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario, SERVER_DOWN } from "./scenario.ts";

const STOPS = [
  { runtime: "node", signal: "SIGKILL", code: null },
  ...(IS_LONG
    ? ([
        { runtime: "bun", signal: "SIGKILL", code: null },
        { runtime: "node", signal: "SIGINT", code: 0 },
      ] as const)
    : []),
] as const;

describe.each(STOPS)(
  "a server on $runtime that is stopped with $signal and restarted",
  ({ runtime, signal, code }) => {
    let scenario: Scenario;
    let ada: UserPage;
    let bob: UserPage;
    beforeAll(async () => {
      scenario = await Scenario.open({ runtime });
      ada = await scenario.account("Ada");
      bob = await scenario.guest("Bob");
    });
    afterEach(() => {
      scenario.expectNoErrors(SERVER_DOWN);
    });
    afterAll(async () => scenario.close());

    it("both users reconnect after a restart, and no message is lost or duplicated", async () => {
      await ada.send("before");
      await bob.sees("before");
      // The process ends while some of these are under way.
      const burst = ["one", "two", "three", "four", "five"];
      for (const text of burst) await ada.send(text);
      // Without a drain, what the server has not stored yet is unknown, and only receipts are under way here.
      if (signal === "SIGKILL") await bob.sees("five");
      expect(await scenario.server.stop(signal)).toBe(code);
      await Promise.all([ada.connectionIs("waiting"), bob.connectionIs("waiting")]);
      await ada.send("ada, meanwhile");
      await bob.send("bob, meanwhile");
      expect((await ada.messages()).at(-1)).toMatchObject({ text: "ada, meanwhile", status: "sending" });
      expect((await bob.messages()).at(-1)).toMatchObject({ text: "bob, meanwhile", status: "sending" });
      await ada.at("composer").fill("half a sen");

      await scenario.server.start();
      await Promise.all([ada.isOnline(), bob.isOnline()]);
      const all = ["before", ...burst, "ada, meanwhile", "bob, meanwhile"].sort();
      await expect.poll(async () => (await ada.texts()).sort(), POLL).toEqual(all);
      await expect.poll(async () => (await bob.texts()).sort(), POLL).toEqual(all);
      await ada.showsTheSameAs(bob);
      expect((await ada.texts()).filter((text) => !text.startsWith("bob"))).toEqual([
        "before",
        ...burst,
        "ada, meanwhile",
      ]);
      expect(new Set((await ada.messages()).map(({ status }) => status))).toEqual(new Set(["delivered"]));
      expect(await ada.at("composer").inputValue()).toBe("half a sen");
    });

    it("both users chat and see each other after a restart", async () => {
      await bob.send("and on we go");
      await Promise.all([ada.sees("and on we go"), bob.sees("and on we go")]);
      await ada.send("indeed");
      await Promise.all([ada.sees("indeed"), bob.sees("indeed")]);
      await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Bob"]);
      await expect.poll(() => bob.userNames(), POLL).toEqual(["Bob", "Ada"]);
    });

    it("a page that reloads after a restart shows the same messages", async () => {
      const before = await ada.messages();
      await ada.page.reload();
      await ada.isOnline();
      await expect.poll(() => ada.messages(), POLL).toEqual(before);
    });
  },
);
