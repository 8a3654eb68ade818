import { expect, it } from "vitest";
import { left } from "../support/frame.ts";
import { UpgradeRejected } from "../support/raw-client.ts";
import { onEachBackplane } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

onEachBackplane("the connection limit", { maxConnectionsPerUser: 2 }, (app) => {
  it("a connection over the limit is rejected with 429 before the upgrade", async () => {
    const ada = app.user();
    const tabs = [await app.plain(ada), await app.plain(ada)];
    await expect(app.open(ada)).rejects.toEqual(new UpgradeRejected(429));
    for (const tab of tabs) await tab.sync();
    expect(await app.command("user", { userId: ada })).toMatchObject({ connections: 2 });
  });

  it("the connection limit counts each user separately", async () => {
    const [ada, bob] = [app.user("ada"), app.user("bob")];
    for (const user of [ada, bob, ada, bob]) await app.plain(user);
    await expect(app.open(bob)).rejects.toEqual(new UpgradeRejected(429));
  });

  it("a closed connection frees its slot for the same user", async () => {
    const ada = app.user();
    const [first] = [await app.plain(ada), await app.plain(ada)];
    await first.close();
    await until("one connection to be closed", async () => (await app.stats()).totalConnections === 1);
    await app.plain(ada);
  });

  it("the connection limit holds for ten upgrades at once", async () => {
    const ada = app.user();
    const tries = await Promise.allSettled(Array.from({ length: 10 }, async () => app.plain(ada)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    expect(await app.command("user", { userId: ada })).toMatchObject({ connections: 2 });
  });

  it("a new attempt of a connected client takes no second slot", async () => {
    const ada = app.user();
    const page = new Page();
    await app.plain(ada);
    const stale = await app.v1(ada, page);
    const fresh = await app.v1(ada, page);
    expect(await stale.end()).toMatchObject({ code: 4409 });
    await fresh.sync();
  });
});

onEachBackplane(
  "the connection limit with close-oldest",
  { maxConnectionsPerUser: 2, onConnectionLimit: "close-oldest" },
  (app) => {
    it("close-oldest closes the oldest connection with 4410 and accepts the new one", async () => {
      const ada = app.user();
      const [oldest, older] = [await app.plain(ada), await app.plain(ada)];
      const newest = await app.plain(ada);
      expect(await oldest.end()).toMatchObject({ code: 4410 });
      await older.sync();
      await newest.sync();
      expect(await app.command("user", { userId: ada })).toMatchObject({ connections: 2 });
    });

    it("close-oldest announces nothing to other users", async () => {
      const [watcher, ada] = [await app.plain(), app.user("ada")];
      for (let n = 0; n < 4; n++) await app.plain(ada);
      const bob = app.user("bob");
      await (await app.plain(bob)).close();
      await watcher.next(left(bob));
      expect(watcher.all(left(ada))).toEqual([]);
    });
  },
);

onEachBackplane(
  "the connection limit with a hook",
  { maxConnectionsPerUser: 1, onConnectionLimit: "own-error" },
  (app) => {
    it("an error from the hook onConnectionLimit is sent after the upgrade, with nothing else, before a close with 4011", async () => {
      const ada = app.user();
      const first = await app.plain(ada);
      const second = await app.open(ada);
      expect(await second.end()).toMatchObject({ code: 4011 });
      expect(second.frames).toEqual([
        { type: "error", code: "forbidden", message: "Two devices are enough.", retryable: false },
      ]);
      await first.sync();
      expect(await app.command("user", { userId: ada })).toMatchObject({ connections: 1 });
      expect(await app.journal("connect", ada)).toHaveLength(1);
    });
  },
);
