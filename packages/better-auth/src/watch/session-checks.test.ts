import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { Person, TestAuth } from "../../test/test-auth.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";
import { FakeClock, until } from "../../test/fake-clock.ts";
import { TestConnection, TestNode } from "../../test/test-node.ts";

const door = ({ cookie }: Person) => upgrade({ origin: ORIGIN, cookie });

describe.each(STORAGE_MODES)("with %s", (mode) => {
  let test: TestAuth;
  let clock: FakeClock;
  let node: TestNode;
  let ada: Person;
  let bea: Person;

  beforeEach(async () => {
    test = await createTestAuth({ mode });
    clock = new FakeClock(Date.now());
    node = new TestNode(test.auth, { clock });
    ada = await test.people.signUp("ada");
    bea = await test.people.signUp("bea");
  });
  afterEach(() => {
    node.watch.stop();
    test.close();
  });

  const pass = (ms: number) => node.pass(clock, ms);
  const remove = ({ token }: Person) => {
    test.secondary.delete(token);
    if (mode !== "secondary storage") test.database.prepare("delete from session where token = ?").run(token);
  };

  it("finds a session that was deleted behind everybody's back within the interval", async () => {
    const [gone, stays] = [await node.open(door(ada)), await node.open(door(bea))];
    remove(ada);
    await pass(59_000);
    expect(gone.closedWith).toBeUndefined();
    await pass(2_000);
    await until(() => gone.closedWith === 4401);
    expect(stays.closedWith).toBeUndefined();
  });

  it("finds a ban that was written into the database", async () => {
    const banned = await node.open(door(ada));
    test.database.prepare("update user set banned = 1 where id = ?").run(ada.id);
    await pass(61_000);
    await until(() => banned.closedWith === 4403);
  });

  it("closes a session that expires, within a second", async () => {
    const { internalAdapter } = await test.auth.$context;
    const expiresAt = new Date(Date.now() + 1_200);
    await internalAdapter.updateSession(ada.token, { expiresAt });
    const real = new TestNode(test.auth);
    const [expiring, stays] = [await real.open(door(ada)), await real.open(door(bea))];
    await until(() => expiring.closedWith === 4401, 3_500);
    expect(Date.now() - expiresAt.getTime()).toBeLessThan(1_200);
    expect(stays.closedWith).toBeUndefined();
    real.watch.stop();
  });

  it("follows a session that ordinary requests have extended", async () => {
    const { internalAdapter } = await test.auth.$context;
    await internalAdapter.updateSession(ada.token, { expiresAt: new Date(Date.now() + 10_000) });
    const connection = await node.open(door(ada));
    await internalAdapter.updateSession(ada.token, { expiresAt: new Date(Date.now() + 3_600_000) });
    await pass(12_000);
    expect(connection.closedWith).toBeUndefined();
  });

  it("never extends a session, however long its connection is open", async () => {
    const { internalAdapter } = await test.auth.$context;
    const expiresAt = new Date(Date.now() + 3_600_000); // an ordinary look-up would extend it now
    await internalAdapter.updateSession(ada.token, { expiresAt });
    await node.open(door(ada));
    for (let minutes = 0; minutes < 10; minutes += 1) await pass(61_000);
    expect((await internalAdapter.findSession(ada.token))?.session.expiresAt).toEqual(expiresAt);
  });
});

describe("the look-ups", () => {
  let test: TestAuth;
  let clock: FakeClock;
  let node: TestNode;
  let ada: Person;

  beforeEach(async () => {
    test = await createTestAuth();
    clock = new FakeClock(Date.now());
    node = new TestNode(test.auth, { clock });
    ada = await test.people.signUp("ada");
  });
  afterEach(() => {
    node.watch.stop();
    test.close();
  });
  const pass = (ms: number) => node.pass(clock, ms);

  it("come once per session, not once per connection", async () => {
    for (let tabs = 0; tabs < 10; tabs += 1) await node.open(door(ada));
    node.asked = 0;
    await pass(61_000);
    expect(node.asked).toBe(1);
    await pass(61_000);
    expect(node.asked).toBe(2);
  });

  it("replace the identity where it differs, and only there", async () => {
    const before = await node.open(door(ada));
    await pass(61_000);
    expect(before.replaced).toBe(0);
    test.database.prepare("update user set name = 'Ada L.' where id = ?").run(ada.id);
    const after = await node.open(door(ada));
    await pass(61_000);
    await until(() => before.replaced > 0);
    expect(before.identity.user).toMatchObject({ name: "Ada L." });
    expect([before.replaced, after.replaced]).toEqual([1, 0]);
  });

  it("leave connections open while the store is down, for five minutes", async () => {
    const connection = await node.open(door(ada));
    node.isStoreDown = true;
    for (let seconds = 0; seconds < 298; seconds += 2) await pass(2_000);
    expect(connection.closedWith).toBeUndefined();
    await pass(3_000);
    await until(() => connection.closedWith === 1013);
  });

  it("go on as before when the store is back", async () => {
    const connection = await node.open(door(ada));
    node.isStoreDown = true;
    for (let seconds = 0; seconds < 200; seconds += 10) await pass(10_000);
    node.isStoreDown = false;
    for (let seconds = 0; seconds < 200; seconds += 10) await pass(10_000);
    expect(connection.closedWith).toBeUndefined();
  });

  it("end with the last connection, and leave no timer", async () => {
    const connections = [await node.open(door(ada)), await node.open(door(ada))];
    for (const connection of connections) node.watch.closed(connection);
    node.asked = 0;
    await pass(120_000);
    expect(node.asked).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("end with the watch, and leave Better Auth as it was", async () => {
    node.watch.stop();
    const { internalAdapter, adapter } = await test.auth.$context;
    const methods = (): unknown[] =>
      [internalAdapter, adapter].flatMap((parts: object) => Object.values(parts) as unknown[]);
    const before = methods();
    const other = betterAuthAuthenticator(test.auth, { clock });
    const watch = other.watch({ announce: () => undefined });
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(methods()).not.toEqual(before);
    const identity = await other.authenticate(door(ada));
    if (identity === null) throw new Error("401");
    const connection = new TestConnection(identity, watch);
    watch.opened(connection as never);
    watch.stop();
    expect(methods()).toEqual(before);
    expect(clock.pending).toBe(0);
    await internalAdapter.deleteSession(ada.token);
    await pass(120_000);
    expect(connection.closedWith).toBeUndefined();
  });
});
