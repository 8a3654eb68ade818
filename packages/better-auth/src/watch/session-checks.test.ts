import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ORIGIN, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { TestUser } from "../../test/test-auth.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";
import { until } from "../../test/until.ts";
import { TestConnection, TestNode } from "../../test/test-node.ts";
import { createTimedNode } from "../../test/timed-node.ts";
import type { TimedNode } from "../../test/timed-node.ts";

const upgradeOf = ({ cookie }: TestUser) => upgrade({ origin: ORIGIN, cookie });

describe.each(STORAGE_MODES)("session checks with sessions in the %s", (mode) => {
  let test: TimedNode["test"];
  let clock: TimedNode["clock"];
  let node: TimedNode["node"];
  let ada: TimedNode["ada"];
  let end: TimedNode["end"];
  let bea: TestUser;

  beforeEach(async () => {
    ({ test, clock, node, ada, end } = await createTimedNode({ mode }));
    bea = await test.users.signUp("bea");
  });
  afterEach(() => end());

  const pass = (ms: number) => node.pass(clock, ms);
  const remove = ({ token }: TestUser) => {
    test.secondary.delete(token);
    if (mode !== "secondary storage") test.database.prepare("delete from session where token = ?").run(token);
  };

  it("closes the connection of a session that was deleted past Better Auth within the interval", async () => {
    const [ended, remaining] = [await node.open(upgradeOf(ada)), await node.open(upgradeOf(bea))];
    remove(ada);
    await pass(59_000);
    expect(ended.closedWith).toBeUndefined();
    await pass(2_000);
    await until(() => ended.closedWith === 4401);
    expect(remaining.closedWith).toBeUndefined();
  });

  it("closes the connection with 4403 after a ban was written into the database", async () => {
    const banned = await node.open(upgradeOf(ada));
    test.database.prepare("update user set banned = 1 where id = ?").run(ada.id);
    await pass(61_000);
    await until(() => banned.closedWith === 4403);
  });

  it("closes the connection within 1.2 s after its session expires", async () => {
    const { internalAdapter } = await test.auth.$context;
    const expiresAt = new Date(Date.now() + 1_200);
    await internalAdapter.updateSession(ada.token, { expiresAt });
    const realTimeNode = new TestNode(test.auth);
    const [expiring, remaining] = [
      await realTimeNode.open(upgradeOf(ada)),
      await realTimeNode.open(upgradeOf(bea)),
    ];
    await until(() => expiring.closedWith === 4401, 3_500);
    expect(Date.now() - expiresAt.getTime()).toBeLessThan(1_200);
    expect(remaining.closedWith).toBeUndefined();
    realTimeNode.watch.stop();
  });

  it("keeps the connection of a session open that ordinary requests have extended", async () => {
    const { internalAdapter } = await test.auth.$context;
    await internalAdapter.updateSession(ada.token, { expiresAt: new Date(Date.now() + 10_000) });
    const connection = await node.open(upgradeOf(ada));
    await internalAdapter.updateSession(ada.token, { expiresAt: new Date(Date.now() + 3_600_000) });
    await pass(12_000);
    expect(connection.closedWith).toBeUndefined();
  });

  it("never extends a session, however long its connection is open", async () => {
    const { internalAdapter } = await test.auth.$context;
    const expiresAt = new Date(Date.now() + 3_600_000); // an ordinary getSession would extend it now
    await internalAdapter.updateSession(ada.token, { expiresAt });
    await node.open(upgradeOf(ada));
    for (let minutes = 0; minutes < 10; minutes += 1) await pass(61_000);
    expect((await internalAdapter.findSession(ada.token))?.session.expiresAt).toEqual(expiresAt);
  });
});

describe("session checks", () => {
  let test: TimedNode["test"];
  let clock: TimedNode["clock"];
  let node: TimedNode["node"];
  let ada: TimedNode["ada"];
  let end: TimedNode["end"];

  beforeEach(async () => {
    ({ test, clock, node, ada, end } = await createTimedNode());
  });
  afterEach(() => end());
  const pass = (ms: number) => node.pass(clock, ms);

  it("reads the store once per session, not once per connection", async () => {
    for (let tabs = 0; tabs < 10; tabs += 1) await node.open(upgradeOf(ada));
    node.reads = 0;
    await pass(61_000);
    expect(node.reads).toBe(1);
    await pass(61_000);
    expect(node.reads).toBe(2);
  });

  it("replaces the identity of a connection only where it differs from the store", async () => {
    const before = await node.open(upgradeOf(ada));
    await pass(61_000);
    expect(before.replaced).toBe(0);
    test.database.prepare("update user set name = 'Ada L.' where id = ?").run(ada.id);
    const after = await node.open(upgradeOf(ada));
    await pass(61_000);
    await until(() => before.replaced > 0);
    expect(before.identity.user).toMatchObject({ name: "Ada L." });
    expect([before.replaced, after.replaced]).toEqual([1, 0]);
  });

  it("checks a connection within the interval, however often another one of its session comes back", async () => {
    const remaining = await node.open(upgradeOf(ada));
    test.database.prepare("update user set name = 'Ada L.' where id = ?").run(ada.id);
    for (let count = 0; count < 3; count += 1) {
      await pass(25_000);
      node.watch.closed(await node.open(upgradeOf(ada)));
    }
    await until(() => remaining.replaced > 0);
    expect(remaining.identity.user).toMatchObject({ name: "Ada L." });
  });

  it("leaves connections open for five minutes while the store is down, and then closes them with 1013", async () => {
    const connection = await node.open(upgradeOf(ada));
    node.isStoreDown = true;
    for (let seconds = 0; seconds < 298; seconds += 2) await pass(2_000);
    expect(connection.closedWith).toBeUndefined();
    await pass(3_000);
    await until(() => connection.closedWith === 1013);
  });

  it("keeps connections open when the store answers again within five minutes", async () => {
    const connection = await node.open(upgradeOf(ada));
    node.isStoreDown = true;
    for (let seconds = 0; seconds < 200; seconds += 10) await pass(10_000);
    node.isStoreDown = false;
    for (let seconds = 0; seconds < 200; seconds += 10) await pass(10_000);
    expect(connection.closedWith).toBeUndefined();
  });

  it("stops with the last connection and leaves no timer", async () => {
    const connections = [await node.open(upgradeOf(ada)), await node.open(upgradeOf(ada))];
    for (const connection of connections) node.watch.closed(connection);
    node.reads = 0;
    await pass(120_000);
    expect(node.reads).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it("stops with the watch, and restores the methods of Better Auth's adapters", async () => {
    node.watch.stop();
    const { internalAdapter, adapter } = await test.auth.$context;
    const methods = (): unknown[] =>
      [internalAdapter, adapter].flatMap((parts: object) => Object.values(parts) as unknown[]);
    const before = methods();
    const other = betterAuthAuthenticator(test.auth, { clock });
    const watch = other.watch({ announce: () => undefined, revoke: () => undefined });
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(methods()).not.toEqual(before);
    const identity = await other.authenticate(upgradeOf(ada));
    if (identity === null) throw new Error("401");
    const connection = new TestConnection(identity, watch);
    watch.opened(connection as never);
    watch.stop();
    expect(methods()).toEqual(before);
    expect(clock.timers).toBe(0);
    await internalAdapter.deleteSession(ada.token);
    await pass(120_000);
    expect(connection.closedWith).toBeUndefined();
  });

  it("restores the methods of Better Auth's adapters also where a later watch of a program that was reloaded stops later", async () => {
    node.watch.stop();
    const { internalAdapter } = await test.auth.$context;
    const before = Object.values(internalAdapter) as unknown[];
    const start = async () => {
      const bus = { announce: () => undefined, revoke: () => undefined };
      const watch = betterAuthAuthenticator(test.auth, { clock }).watch(bus);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return watch;
    };
    const [first, second] = [await start(), await start()];
    let lists = 0;
    const { findSessions } = internalAdapter;
    internalAdapter.findSessions = (tokens) => (lists++, findSessions(tokens));
    first.stop();
    await internalAdapter.deleteSession(ada.token);
    expect(lists).toBe(1);
    internalAdapter.findSessions = findSessions;
    second.stop();
    expect(Object.values(internalAdapter)).toEqual(before);
  });
});
