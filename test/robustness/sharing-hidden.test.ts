import { expect, it } from "vitest";
import { openTabs } from "../support/chromium.ts";
import { SharingServer, SharingTab } from "../support/sharing-tabs.ts";
import { POLL } from "../support/wait.ts";

const MINUTES = 10;

it("a hidden leader that is well stays the leader for ten minutes", { timeout: 700_000 }, async () => {
  const [server, tabs] = await Promise.all([SharingServer.start(), openTabs()]);
  try {
    await tabs.context.addCookies([{ name: "session", value: "ada", url: server.url }]);
    const leader = await SharingTab.open(tabs.context, server.url);
    const visible = await SharingTab.open(tabs.context, server.url);
    for (const tab of [leader, visible]) await expect.poll(() => tab.state(), POLL).toBe("open ada");
    expect(await leader.page.evaluate(() => document.visibilityState)).toBe("hidden");
    const contents: string[] = [];
    for (let half = 0; half < 2 * MINUTES; half++) {
      await visible.page.waitForTimeout(30_000);
      contents.push(`all half minute ${String(half)}`);
      await visible.send(`half minute ${String(half)}`);
      for (const tab of [leader, visible])
        await expect.poll(async () => (await tab.notes()).seen, POLL).toEqual(contents);
    }
    for (const tab of [leader, visible]) {
      const { states, problems } = await tab.notes();
      expect(states).toEqual(["open"]);
      expect(problems).toEqual([]);
    }
    expect(server.sockets).toBe(1);
  } finally {
    await tabs.close();
    await server.stop();
  }
});
