import { expect, it } from "vitest";
import { joined, left, shows, userIdsOf } from "../support/frame.ts";
import type { RawClient } from "../support/raw-client.ts";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";

const LONG_GRACE_MS = 60_000;
const GRACE_MS = 400;

onEachRuntimeAndTwoNodes("users", { limits: { leaveGraceMs: LONG_GRACE_MS } }, (app) => {
  it("a user is announced to others when the first connection opens, with public fields only", async () => {
    const watcher = await app.plain();
    const { total } = await watcher.seen("user_list");
    const ada = app.user("ada");
    await app.plain(ada);
    const frame = await watcher.next(joined(ada));
    expect(frame).toMatchObject({ total: Number(total) + 1, $: { ch: "all" } });
    const connectedAt = expect.any(String) as string;
    expect(frame["users"]).toContainEqual({ userId: ada, name: `A${ada.slice(1)}`, connectedAt });
    expect(frame.$).not.toHaveProperty("off");
  });

  it("a client does not receive the user_joined of its own user", async () => {
    const ada = app.user("ada");
    const client = await app.plain(ada);
    await flushPresence(app, client);
    expect(client.all(joined(ada))).toEqual([]);
  });

  it("a user is one entry, however many connections are open", async () => {
    const ada = app.user("ada");
    const watcher = await app.plain();
    const tabs = [await app.plain(ada), await app.plain(ada), await app.v1(ada)];
    expect(await app.command("user", { userId: ada })).toMatchObject({
      user: { userId: ada },
      connections: 3,
    });
    expect(await app.stats()).toMatchObject({
      totalUsers: 2,
      totalConnections: 4,
      connectedUsers: 2,
      wsInstances: 2,
    });
    for (const tab of tabs)
      expect(userIdsOf(await tab.seen("user_list")).filter((id) => id === ada)).toHaveLength(1);
    await flushPresence(app, watcher);
    expect(watcher.all(joined(ada))).toHaveLength(1);
  });

  it("a user stays online when a second tab closes", async () => {
    const ada = app.user("ada");
    const [watcher, , tab] = [await app.plain(), await app.plain(ada), await app.plain(ada)];
    await tab.close(1000);
    await flushPresence(app, watcher);
    expect(watcher.all(left(ada))).toEqual([]);
    expect(await app.command("user", { userId: ada })).toMatchObject({ connections: 1 });
  });

  it("a user leaves at once, announced exactly once, after the last connection closes deliberately", async () => {
    const ada = app.user("ada");
    const watcher = await app.plain();
    const { total } = await watcher.seen("user_list");
    const [first, second] = [await app.plain(ada), await app.plain(ada)];
    await watcher.seen(shows(ada));
    await first.close(1000);
    await second.close(1000);
    expect(await watcher.next(left(ada))).toMatchObject({ total, $: { ch: "all" } });
    await flushPresence(app, watcher);
    expect(watcher.all(left(ada))).toHaveLength(1);
  });

  it.each([1001, 3001, 1006])(
    "a user stays in the list for the grace period after a close with %d",
    async (code) => {
      const ada = app.user("ada");
      const [watcher, client] = [await app.plain(), await app.plain(ada)];
      if (code === 1006) await client.cut();
      else await client.close(code);
      await flushPresence(app, watcher);
      expect(watcher.all(left(ada))).toEqual([]);
      expect(await app.command("user", { userId: ada })).toMatchObject({ user: null, connections: 0 });
      expect(JSON.stringify(await app.command("listUsers"))).toContain(ada);
    },
  );

  it("a user who returns within the grace period is announced neither as left nor as joined", async () => {
    const ada = app.user("ada");
    const [watcher, client] = [await app.plain(), await app.plain(ada)];
    await client.cut();
    await app.plain(ada);
    await flushPresence(app, watcher);
    expect([watcher.all(joined(ada)).length, watcher.all(left(ada)).length]).toEqual([1, 0]);
  });

  it("a user who leaves and returns in quick succession is announced as left and as joined by turns", async () => {
    const ada = app.user("ada");
    const watcher = await app.plain();
    for (let round = 0; round < 6; round++) {
      const client = await app.plain(ada);
      await client.close(1000);
    }
    await app.plain(ada);
    await flushPresence(app, watcher);
    const changes = watcher.all((frame) => joined(ada)(frame) || left(ada)(frame)).map(({ type }) => type);
    expect(changes.at(-1)).toBe("user_joined");
    expect(changes).toEqual(changes.map((_, n) => (n % 2 === 0 ? "user_joined" : "user_left")));
  });

  it("a user whom the server disconnects leaves at once", async () => {
    const ada = app.user("ada");
    const [watcher, client] = [await app.plain(), await app.plain(ada)];
    await watcher.seen(shows(ada));
    await app.command("disconnectUser", { userId: ada, reason: "signed out" });
    expect(await client.end()).toEqual({ code: 4401, reason: "signed out" });
    await watcher.next(left(ada));
  });

  it("disconnectUser with 4403 closes every device of the user and no other connection", async () => {
    const ada = app.user("ada");
    const [bystander, ...tabs] = [await app.plain(), await app.plain(ada), await app.v1(ada)];
    await app.command("disconnectUser", { userId: ada, code: 4403 });
    for (const tab of tabs) expect(await tab.end()).toMatchObject({ code: 4403 });
    await bystander.sync();
    expect(bystander.isOpen).toBe(true);
  });

  it("disconnectSession closes the connections of one session only", async () => {
    const ada = app.user("ada");
    const on = async (device: string) =>
      app.plain(ada, { headers: { cookie: `session=${ada}; device=${device}` } });
    const [phone, sameSession, laptop] = [await on("phone"), await on("phone"), await on("laptop")];
    await app.command("disconnectSession", { sessionId: `${ada}/phone` });
    for (const tab of [phone, sameSession]) expect(await tab.end()).toMatchObject({ code: 4401 });
    await laptop.sync();
    expect(await app.command("user", { userId: ada })).toMatchObject({ connections: 1 });
  });

  it("onConnect and onDisconnect are called once per connection", async () => {
    const ada = app.user("ada");
    const client = await app.plain(ada);
    await client.close(1000);
    await flushPresence(app, await app.plain());
    expect(await app.journal("connect", ada)).toHaveLength(1);
    expect(await app.journal("disconnect", ada)).toMatchObject([{ code: 1000 }]);
  });

  it("onJoin and onLeave are called once per membership, also of a connection that was cut", async () => {
    const ada = app.user("ada");
    const client = await app.v1(ada);
    for (const room of ["stays", "left"]) await client.sendAndWait({ type: "join", room });
    await client.sendAndWait({ type: "leave", room: "left" });
    await client.cut();
    await flushPresence(app, await app.plain());
    const rooms = (entries: readonly Record<string, unknown>[]) => entries.map(({ room }) => room);
    expect(rooms(await app.journal("join", ada))).toEqual(["stays", "left"]);
    expect(rooms(await app.journal("leave", ada))).toEqual(["left", "stays"]);
  });
});

onEachRuntimeAndTwoNodes("the grace period", { limits: { leaveGraceMs: GRACE_MS } }, (app) => {
  it("a cut connection is announced as left exactly once, after the grace period", async () => {
    const ada = app.user("ada");
    const [watcher, client] = [await app.plain(), await app.plain(ada)];
    const cutAt = performance.now();
    await client.cut();
    await watcher.next(left(ada));
    expect(performance.now() - cutAt).toBeGreaterThanOrEqual(GRACE_MS - 20);
    await flushPresence(app, watcher);
    expect(watcher.all(left(ada))).toHaveLength(1);
  });

  it("a return within the grace period ends it, and later leaves and joins are announced", async () => {
    const ada = app.user("ada");
    const [watcher, client] = [await app.plain(), await app.plain(ada)];
    await client.cut();
    const back = await app.plain(ada);
    await back.close(1000);
    await watcher.next(left(ada));
    await app.plain(ada);
    await watcher.next(joined(ada));
    expect([watcher.all(joined(ada)).length, watcher.all(left(ada)).length]).toEqual([2, 1]);
  });
});

onEachRuntimeAndTwoNodes("many users", {}, (app) => {
  it("205 users arrive as a list of 200 with a cursor, and the request users gives the rest", async () => {
    for (let batch = 0; batch < 4; batch++) {
      await Promise.all(Array.from({ length: 51 }, async () => app.plain(app.user("crowd"))));
    }
    const client = await app.v1();
    const list = await client.seen("user_list");
    expect(userIdsOf(list)).toHaveLength(200);
    expect(list).toMatchObject({ total: 205, cursor: expect.any(String) as string });
    const { result } = await client.request("users", { cursor: list["cursor"] });
    const rest = userIdsOf(result as Parameters<typeof userIdsOf>[0]);
    expect(result).toMatchObject({ total: 205 });
    expect(result).not.toHaveProperty("cursor");
    expect(new Set([...userIdsOf(list), ...rest]).size).toBe(205);
    expect(rest).toHaveLength(5);
  });
});

/** Connects and disconnects another user: once the client has received both, all earlier presence has arrived too. */
async function flushPresence(app: TestApp, watcher: RawClient): Promise<void> {
  const visitor = app.user("visitor");
  const client = await app.plain(visitor);
  await watcher.next(joined(visitor));
  await client.close(1000);
  await watcher.next(left(visitor));
}

onEachRuntimeAndTwoNodes("more than 500 users", {}, (app) => {
  it("more than 500 users are announced as totals only", async () => {
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(Array.from({ length: 50 }, async () => app.plain(app.user("crowd"))));
    }
    const watcher = await app.plain();
    await app.plain(app.user("late"));
    const frame = await watcher.next({ type: "user_joined", total: 502 });
    expect(frame).toEqual({ type: "user_joined", users: [], total: 502, $: { ch: "all" } });
    expect(watcher.all(joined("late"))).toEqual([]);
  });
});
