import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PATIENCE } from "./user-page.ts";
import type { Person } from "./user-page.ts";
import { Stage } from "./scenario.ts";

/** What Chromium itself writes while nobody listens, and when the client asks why a socket did not open. */
const NOBODY_LISTENS =
  /net::ERR_(CONNECTION_|EMPTY_RESPONSE|SOCKET_)|WebSocket connection to .* failed|status of 426/;

const STOPS = [
  { runtime: "node", signal: "SIGKILL", code: null },
  { runtime: "bun", signal: "SIGKILL", code: null },
  { runtime: "node", signal: "SIGINT", code: 0 },
] as const;

describe.each(STOPS)(
  "a server on $runtime that is stopped with $signal and restarted",
  ({ runtime, signal, code }) => {
    let stage: Stage;
    let ada: Person;
    let bob: Person;
    beforeAll(async () => {
      stage = await Stage.open({ runtime });
      ada = await stage.account("Ada");
      bob = await stage.guest("Bob");
    });
    afterEach(() => {
      stage.expectNoComplaints(NOBODY_LISTENS);
    });
    afterAll(async () => stage.close());

    it("both users reconnect after a restart, and no message is lost or duplicated", async () => {
      await ada.say("before");
      await bob.sees("before");
      // Some of these are on their way when the process ends.
      const burst = ["one", "two", "three", "four", "five"];
      for (const text of burst) await ada.say(text);
      expect(await stage.server.stop(signal)).toBe(code);
      await Promise.all([ada.connectionIs("waiting"), bob.connectionIs("waiting")]);
      await ada.say("ada, meanwhile");
      await bob.say("bob, meanwhile");
      expect((await ada.messages()).at(-1)).toMatchObject({ text: "ada, meanwhile", status: "sending" });
      expect((await bob.messages()).at(-1)).toMatchObject({ text: "bob, meanwhile", status: "sending" });
      await ada.at("composer").fill("half a sen");

      await stage.server.start();
      await Promise.all([ada.isOnline(), bob.isOnline()]);
      const all = ["before", ...burst, "ada, meanwhile", "bob, meanwhile"].sort();
      await expect.poll(async () => (await ada.texts()).sort(), PATIENCE).toEqual(all);
      await expect.poll(async () => (await bob.texts()).sort(), PATIENCE).toEqual(all);
      await expect.poll(() => ada.messages(), PATIENCE).toEqual(await bob.messages());
      expect((await ada.texts()).filter((text) => !text.startsWith("bob"))).toEqual([
        "before",
        ...burst,
        "ada, meanwhile",
      ]);
      expect(new Set((await ada.messages()).map(({ status }) => status))).toEqual(new Set(["delivered"]));
      expect(await ada.at("composer").inputValue()).toBe("half a sen");
    });

    it("both users chat and see each other after a restart", async () => {
      await bob.say("and on we go");
      await Promise.all([ada.sees("and on we go"), bob.sees("and on we go")]);
      await ada.say("indeed");
      await Promise.all([ada.sees("indeed"), bob.sees("indeed")]);
      await expect.poll(() => ada.people(), PATIENCE).toEqual(["Ada", "Bob"]);
      await expect.poll(() => bob.people(), PATIENCE).toEqual(["Bob", "Ada"]);
    });

    it("a page that reloads after a restart shows the same messages", async () => {
      const before = await ada.messages();
      await ada.page.reload();
      await ada.isOnline();
      await expect.poll(() => ada.messages(), PATIENCE).toEqual(before);
    });
  },
);
