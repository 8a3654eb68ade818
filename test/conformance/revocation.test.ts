import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cookieOf, STORAGE_MODES } from "../support/better-auth-parts.ts";
import { PASSWORD, Users } from "../support/users.ts";
import type { SignedInUser } from "../support/users.ts";
import type { RawClient } from "../support/raw-client.ts";
import { onEachBackplaneIfLong } from "../support/test-app.ts";
import type { V1Client } from "../support/v1-client.ts";

/** A plain client and a `halyard.v1` one of the same session. */
type Tabs = readonly [RawClient, V1Client];

/** A change through Better Auth applies at once, a change in the store by the next look-up. */
const AT_ONCE_MS = 1_000;
const LOOK_UP_MS = 500;
const BY_LOOK_UP_MS = LOOK_UP_MS * 1.2 + AT_ONCE_MS + 1_000;

describe.each(STORAGE_MODES)("revocation, with sessions in %s", (mode) => {
  onEachBackplaneIfLong("on a real server", { betterAuth: { mode, lookUpMs: LOOK_UP_MS } }, (app) => {
    const users = new Users(app);
    let root: SignedInUser;
    let phone: SignedInUser;
    let laptop: SignedInUser;
    let bystander: SignedInUser;
    let onPhone: Tabs;
    let onLaptop: Tabs;
    let others: Tabs;

    const connect = async (user: SignedInUser): Promise<Tabs> =>
      Promise.all([users.plain(user), users.v1(user)]);
    const closed = async (code: number, clients: readonly RawClient[], ms = AT_ONCE_MS) => {
      for (const client of clients) expect((await client.end(ms)).code).toBe(code);
    };
    const untouched = async (...clients: (readonly RawClient[])[]) => {
      for (const client of clients.flat()) {
        await client.sync();
        expect(client.isOpen).toBe(true);
      }
    };

    beforeAll(async () => {
      root = await users.admin();
    });
    beforeEach(async () => {
      phone = await users.signUp();
      laptop = await users.signIn(phone.name);
      bystander = await users.signUp();
      [onPhone, onLaptop, others] = [await connect(phone), await connect(laptop), await connect(bystander)];
    });

    it("D5: sign-out closes the connections of that session only", async () => {
      await users.post("sign-out", {}, phone);
      await closed(4401, onPhone);
      await untouched(onLaptop, others);
    });

    it("D5: revokeSession closes the connections of that session only", async () => {
      await users.post("revoke-session", { token: phone.token }, laptop);
      await closed(4401, onPhone);
      await untouched(onLaptop, others);
    });

    it("D5: revokeSessions closes all connections of the user", async () => {
      await users.post("revoke-sessions", {}, laptop);
      await closed(4401, [...onPhone, ...onLaptop]);
      await untouched(others);
    });

    it("D5: a ban closes all connections of the user with 4403", async () => {
      await users.post("admin/ban-user", { userId: phone.id }, root);
      await closed(4403, [...onPhone, ...onLaptop]);
      await untouched(others);
    });

    it("D5: removeUser closes all connections of the user", async () => {
      await users.post("admin/remove-user", { userId: phone.id }, root);
      await closed(4401, [...onPhone, ...onLaptop]);
      await untouched(others);
    });

    it("D5: a password change that revokes other sessions closes their connections and keeps the new session", async () => {
      const change = { currentPassword: PASSWORD, newPassword: "another one", revokeOtherSessions: true };
      const response = await users.post("change-password", change, laptop);
      await closed(4401, [...onPhone, ...onLaptop]);
      await untouched(await connect({ ...laptop, cookie: cookieOf(response) }), others);
    });

    it("D5: setRole applies at once to messages, requests and joined rooms", async () => {
      const [, tab] = onPhone;
      const room = `admins.${mode.replace(" ", "-")}`;
      expect(await tab.join(room)).toMatchObject({ code: "forbidden" });
      expect(await tab.deliver("admins_only")).toMatchObject({ code: "forbidden" });
      await users.post("admin/set-role", { userId: phone.id, role: "admin" }, root);
      await expect.poll(async () => (await tab.join(room)).type).toBe("reply");
      expect(await tab.deliver("admins_only")).toMatchObject({ type: "reply" });
      expect(await tab.request("admins_count")).toMatchObject({ type: "reply" });

      await users.post("admin/set-role", { userId: phone.id, role: "user" }, root);
      expect(await tab.next("left", AT_ONCE_MS)).toMatchObject({ room, reason: "forbidden" });
      expect(await tab.deliver("admins_only")).toMatchObject({ code: "forbidden" });
      expect(await tab.request("admins_count")).toMatchObject({ code: "forbidden" });
      await untouched(onPhone, onLaptop, others);
    });

    it("D5: a member who is removed, or whose organization is deleted, leaves its room and receives no more messages", async () => {
      const created = await users.post(
        "organization/create",
        { name: app.room(), slug: app.room("o") },
        root,
      );
      const { id: organizationId } = (await created.json()) as { id: string };
      const room = `members.${organizationId}`;
      const [, tab] = onPhone;
      const [, rootTab] = await connect(root);
      await rootTab.join(room);
      for (const way of ["remove-member", "delete"]) {
        await app.command("addMember", { userId: phone.id, organizationId });
        expect(await tab.join(room)).toMatchObject({ type: "reply" });
        const email = `${phone.name}@example.test`;
        await users.post(`organization/${way}`, { memberIdOrEmail: email, organizationId }, root);
        expect(await tab.next("left", AT_ONCE_MS)).toMatchObject({ room, reason: "forbidden" });
        await app.command("publish", { count: 3, room });
        await tab.sync();
        expect(tab.all("notice")).toEqual([]);
      }
      await untouched(onPhone, onLaptop, others);
    });

    it("D6: a session deleted directly in the store is found by the next look-up", async () => {
      await app.command("forgetSession", { token: phone.token });
      await closed(4401, onPhone, BY_LOOK_UP_MS);
      await untouched(onLaptop, others);
    });

    it("D6: a session that expires closes its connections", async () => {
      await app.command("expireSession", { token: phone.token, at: Date.now() + 700 });
      await closed(4401, onPhone, BY_LOOK_UP_MS);
      await untouched(onLaptop, others);
    });

    it("D7: the end of an impersonation closes only its own connections", async () => {
      const response = await users.post("admin/impersonate-user", { userId: bystander.id }, root);
      const impersonator = { ...bystander, cookie: cookieOf(response) };
      const impersonated = await connect(impersonator);
      await users.post("admin/stop-impersonating", {}, impersonator);
      await closed(4401, impersonated);
      await untouched(onPhone, onLaptop, others);
    });

    it("D10: no message of a revoked session is handled after its connections close", async () => {
      const [, tab] = onPhone;
      const flood = setInterval(() => tab.post("note", { text: "still here" }), 1);
      await users.post("sign-out", {}, phone);
      await closed(4401, onPhone);
      clearInterval(flood);
      expect(tab.page.seq).toBeGreaterThan(0);
      const handled = (await app.journal("note", phone.id)).length;
      await others[0].sync();
      expect((await app.journal("note", phone.id)).length).toBe(handled);
    });
  });
});
