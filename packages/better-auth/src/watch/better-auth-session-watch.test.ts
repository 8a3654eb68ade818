import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { TestUser, TestAuth } from "../../test/test-auth.ts";
import { until } from "../../test/until.ts";
import { TestConnection, TestNode } from "../../test/test-node.ts";

const upgradeOf = ({ cookie }: TestUser) => upgrade({ origin: ORIGIN, cookie });
/** `RACES=10000` runs ten thousand, which takes a minute. */
const RACES = Number(process.env["RACES"] ?? 1_000);

describe.each(STORAGE_MODES)("D9, with sessions in the %s", (mode) => {
  it("leaves no connection open when a revocation races with its upgrade", { timeout: 600_000 }, async () => {
    const test = await createTestAuth({ mode });
    const node = new TestNode(test.auth);
    const ada = await test.users.signUp("ada");
    const context = await test.auth.$context;
    const { internalAdapter } = context;
    let opened = 0;
    let rejected = 0;
    for (let race = 0; race < RACES; race += 1) {
      const session = await internalAdapter.createSession(ada.id);
      const request = upgrade({ authorization: `Bearer ${session.token}` });
      const revoke = async (turns: number) => {
        for (; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
        if (race % 2 === 0) await internalAdapter.deleteSession(session.token);
        else await internalAdapter.deleteUserSessions(ada.id);
      };
      // Every third revocation runs exactly between the read and the registration, the others at any time around them.
      const opening = race % 3 === 0 ? node.open(request, () => revoke(0)) : node.open(request);
      const revoking = race % 3 === 0 ? undefined : revoke(race % 23);
      const [connection] = await Promise.all([opening.catch(() => undefined), revoking]);
      if (connection === undefined) rejected += 1;
      else {
        opened += 1;
        await until(() => connection.closedWith !== undefined);
      }
    }
    expect(opened + rejected).toBe(RACES);
    expect(opened).toBeGreaterThan(0);
    node.watch.stop();
    test.close();
  });
});

describe("the session watch", () => {
  let test: TestAuth;
  let node: TestNode;
  let ada: TestUser;

  beforeEach(async () => {
    test = await createTestAuth();
    node = new TestNode(test.auth);
    await test.auth.$context;
    ada = await test.users.signUp("ada");
  });
  afterEach(() => {
    node.watch.stop();
    test.close();
  });

  it("closes a connection whose session ended on another node before its registration", async () => {
    const connection = await node.open(upgradeOf(ada), async () => {
      const { session } =
        (await test.auth.api.getSession({ headers: new Headers({ cookie: ada.cookie }) })) ?? {};
      node.watch.receive({ kind: "ended", sessionIds: [session?.id], code: 4401 });
    });
    expect(connection.closedWith).toBe(4401);
  });

  it("checks a connection whose user changed between the read and the registration", async () => {
    const connection = await node.open(upgradeOf(ada), async () => {
      test.database.prepare("update user set banned = 1 where id = ?").run(ada.id);
      node.watch.receive({ kind: "changed", userId: ada.id });
    });
    await until(() => connection.closedWith === 4403);
  });

  it("checks every session at once after an interruption of the notices of other nodes", async () => {
    const connection = await node.open(upgradeOf(ada));
    const bea = await node.open(upgradeOf(await test.users.signUp("bea")));
    test.database.prepare("delete from session where userId = ?").run(ada.id);
    node.watch.interrupted?.();
    await until(() => connection.closedWith === 4401);
    await until(() => bea.replaced === 1);
    expect(bea.closedWith).toBeUndefined();
  });

  it("checks a connection at once when the application made its identity", async () => {
    const identity = await node.authenticator.authenticate(upgradeOf(ada));
    if (identity === null) throw new Error("401");
    test.database.prepare("delete from session").run();
    const connection = new TestConnection({ ...identity }, node.watch);
    node.watch.opened(connection);
    await until(() => connection.closedWith === 4401);
  });

  it("announces session ids to the other nodes, and never a token", async () => {
    await node.open(upgradeOf(ada));
    await test.users.post("/sign-out", {}, ada.cookie);
    expect(node.announced).toHaveLength(1);
    expect(node.announced[0]).toMatch(/^\{"kind":"ended","sessionIds":\["\w+"\],"code":4401\}$/);
    expect(node.announced[0]).not.toContain(ada.token);
  });

  it("does not keep a user from signing out when the list of sessions to close cannot be read", async () => {
    const { internalAdapter } = await test.auth.$context;
    internalAdapter.findSessions = () => Promise.reject(new Error("no"));
    const response = await test.users.post("/sign-out", {}, ada.cookie);
    expect(response.status).toBe(200);
    expect(await node.authenticator.authenticate(upgradeOf(ada))).toBeNull();
  });

  describe("renew", () => {
    it("replaces the identity for a ticket of a newer session of the same user", async () => {
      const connection = await node.open(upgradeOf(ada));
      const newer = await test.users.signIn("ada");
      await node.watch.renew(connection, await test.users.ticket(newer));
      expect(connection.identity.session).toMatchObject({ token: newer.token });
      await test.users.post("/sign-out", {}, ada.cookie);
      expect(connection.closedWith).toBeUndefined();
      await test.users.post("/sign-out", {}, newer.cookie);
      expect(connection.closedWith).toBe(4401);
    });

    it("closes the connection with 4401 for another user's ticket", async () => {
      const connection = await node.open(upgradeOf(ada));
      const bea = await test.users.signUp("bea");
      const renewal = node.watch.renew(connection, await test.users.ticket(bea));
      await expect(renewal).rejects.toMatchObject({ code: "unauthenticated" });
      expect(connection.closedWith).toBe(4401);
    });

    it("rejects a malformed ticket and leaves the connection open", async () => {
      const connection = await node.open(upgradeOf(ada));
      for (const ticket of ["", "x", "9d8f7a6b5c", "_".repeat(43), "_".repeat(100_000)]) {
        await expect(node.watch.renew(connection, ticket)).rejects.toMatchObject({ code: "unauthenticated" });
      }
      expect(connection.closedWith).toBeUndefined();
    });

    it("rejects a ticket that a page requested, on a connection without an Origin", async () => {
      const connection = await node.open(upgrade({ authorization: `Bearer ${ada.token}` }));
      const ticket = await test.users.ticket(ada, ORIGIN);
      await expect(node.watch.renew(connection, ticket)).rejects.toMatchObject({ code: "unauthenticated" });
    });

    it("rejects the ticket of a connection that closed during the renewal", async () => {
      const connection = await node.open(upgradeOf(ada));
      const newer = await test.users.signIn("ada");
      const ticket = await test.users.ticket(newer);
      const renewal = node.watch.renew(connection, ticket);
      connection.close(4401);
      await expect(renewal).rejects.toMatchObject({ code: "unauthenticated" });
      expect(connection.replaced).toBe(0);
    });
  });
});
