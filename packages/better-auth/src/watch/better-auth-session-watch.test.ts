import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { Person, TestAuth } from "../../test/test-auth.ts";
import { until } from "../../test/fake-clock.ts";
import { TestConnection, TestNode } from "../../test/test-node.ts";

const door = ({ cookie }: Person) => upgrade({ origin: ORIGIN, cookie });
/** Ten thousand take a minute: `RACES=10000`. */
const RACES = Number(process.env["RACES"] ?? 1_000);

describe.each(STORAGE_MODES)("D9, with %s", (mode) => {
  it("leaves no survivor when a revocation races with an upgrade", { timeout: 600_000 }, async () => {
    const test = await createTestAuth({ mode });
    const node = new TestNode(test.auth);
    const ada = await test.people.signUp("ada");
    const context = await test.auth.$context;
    const { internalAdapter } = context;
    let opened = 0;
    let refused = 0;
    for (let race = 0; race < RACES; race += 1) {
      const session = await internalAdapter.createSession(ada.id);
      const request = upgrade({ authorization: `Bearer ${session.token}` });
      const revoke = async (turns: number) => {
        for (; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
        if (race % 2 === 0) await internalAdapter.deleteSession(session.token);
        else await internalAdapter.deleteUserSessions(ada.id);
      };
      // Every third is revoked exactly between the look-up and the registration, the others anywhere around it.
      const opening = race % 3 === 0 ? node.open(request, () => revoke(0)) : node.open(request);
      const revoking = race % 3 === 0 ? undefined : revoke(race % 23);
      const [connection] = await Promise.all([opening.catch(() => undefined), revoking]);
      if (connection === undefined) refused += 1;
      else {
        opened += 1;
        await until(() => connection.closedWith !== undefined);
      }
    }
    expect(opened + refused).toBe(RACES);
    expect(opened).toBeGreaterThan(0);
    node.watch.stop();
    test.close();
  });
});

describe("the watch", () => {
  let test: TestAuth;
  let node: TestNode;
  let ada: Person;

  beforeEach(async () => {
    test = await createTestAuth();
    node = new TestNode(test.auth);
    await test.auth.$context;
    ada = await test.people.signUp("ada");
  });
  afterEach(() => {
    node.watch.stop();
    test.close();
  });

  it("closes a connection that was being admitted when its session ended on another node", async () => {
    const connection = await node.open(door(ada), async () => {
      const { session } =
        (await test.auth.api.getSession({ headers: new Headers({ cookie: ada.cookie }) })) ?? {};
      node.watch.receive({ kind: "ended", sessionIds: [session?.id], code: 4401 });
    });
    expect(connection.closedWith).toBe(4401);
  });

  it("looks again at a connection whose user changed meanwhile", async () => {
    const connection = await node.open(door(ada), async () => {
      test.database.prepare("update user set banned = 1 where id = ?").run(ada.id);
      node.watch.receive({ kind: "changed", userId: ada.id });
    });
    await until(() => connection.closedWith === 4403);
  });

  it("looks at once at an identity that it did not make itself", async () => {
    const identity = await node.authenticator.authenticate(door(ada));
    if (identity === null) throw new Error("401");
    test.database.prepare("delete from session").run();
    const connection = new TestConnection({ ...identity }, node.watch);
    node.watch.opened(connection);
    await until(() => connection.closedWith === 4401);
  });

  it("announces identifiers, and never a token", async () => {
    await node.open(door(ada));
    await test.people.post("/sign-out", {}, ada.cookie);
    expect(node.announced).toHaveLength(1);
    expect(node.announced[0]).toMatch(/^\{"kind":"ended","sessionIds":\["\w+"\],"code":4401\}$/);
    expect(node.announced[0]).not.toContain(ada.token);
  });

  it("signs people out even when it cannot find out whose connections to close", async () => {
    const { internalAdapter } = await test.auth.$context;
    internalAdapter.findSessions = () => Promise.reject(new Error("no"));
    const response = await test.people.post("/sign-out", {}, ada.cookie);
    expect(response.status).toBe(200);
    expect(await node.authenticator.authenticate(door(ada))).toBeNull();
  });

  describe("renew", () => {
    it("takes a ticket for a newer session of the same user", async () => {
      const connection = await node.open(door(ada));
      const again = await test.people.signIn("ada");
      await node.watch.renew(connection, await test.people.ticket(again));
      expect(connection.identity.session).toMatchObject({ token: again.token });
      await test.people.post("/sign-out", {}, ada.cookie);
      expect(connection.closedWith).toBeUndefined();
      await test.people.post("/sign-out", {}, again.cookie);
      expect(connection.closedWith).toBe(4401);
    });

    it("closes with 4401 for another user's ticket", async () => {
      const connection = await node.open(door(ada));
      const bea = await test.people.signUp("bea");
      const renewal = node.watch.renew(connection, await test.people.ticket(bea));
      await expect(renewal).rejects.toMatchObject({ code: "unauthenticated" });
      expect(connection.closedWith).toBe(4401);
    });

    it("refuses what is no ticket, and leaves the connection open", async () => {
      const connection = await node.open(door(ada));
      for (const ticket of ["", "x", "9d8f7a6b5c", "_".repeat(43), "_".repeat(100_000)]) {
        await expect(node.watch.renew(connection, ticket)).rejects.toMatchObject({ code: "unauthenticated" });
      }
      expect(connection.closedWith).toBeUndefined();
    });

    it("refuses a ticket that another page asked for", async () => {
      const connection = await node.open(upgrade({ authorization: `Bearer ${ada.token}` }));
      const ticket = await test.people.ticket(ada, ORIGIN);
      await expect(node.watch.renew(connection, ticket)).rejects.toMatchObject({ code: "unauthenticated" });
    });

    it("does not revive a connection that was closed meanwhile", async () => {
      const connection = await node.open(door(ada));
      const again = await test.people.signIn("ada");
      const ticket = await test.people.ticket(again);
      const renewal = node.watch.renew(connection, ticket);
      connection.close(4401);
      await expect(renewal).rejects.toMatchObject({ code: "unauthenticated" });
      expect(connection.replaced).toBe(0);
    });
  });
});
