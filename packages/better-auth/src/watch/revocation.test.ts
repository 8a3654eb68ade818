import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cookieOf, createTestAuth, ORIGIN, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { TestUser, TestAuth } from "../../test/test-auth.ts";
import { until } from "../../test/until.ts";
import { TestNode } from "../../test/test-node.ts";
import type { TestConnection } from "../../test/test-node.ts";

const upgradeOf = ({ cookie }: TestUser) => upgrade({ origin: ORIGIN, cookie });
let names = 0;
const newName = () => `user${(names += 1)}`;

describe.each(STORAGE_MODES)("connections with sessions in the %s", (mode) => {
  let test: TestAuth;
  let node: TestNode;
  let otherNode: TestNode;
  let root: TestUser;
  let phone: TestUser;
  let laptop: TestUser;
  let other: TestUser;
  /** The connections of two sessions of one user and of another user's session, each on both nodes. */
  let phones: TestConnection[];
  let laptops: TestConnection[];
  let others: TestConnection[];

  const post = async (path: string, body: object, by: TestUser) => {
    const response = await test.users.post(path, body, by.cookie);
    expect(response.status, await response.clone().text()).toBe(200);
    return response;
  };
  const connect = (user: TestUser) =>
    Promise.all([node, otherNode].map((each) => each.open(upgradeOf(user))));
  const closedWith = (code: number | undefined, ...connections: TestConnection[][]) =>
    until(() => connections.flat().every((connection) => connection.closedWith === code));
  const untouched = (...connections: TestConnection[][]) => {
    for (const connection of connections.flat()) expect(connection.closedWith).toBeUndefined();
  };

  beforeAll(async () => {
    test = await createTestAuth({ mode });
    node = new TestNode(test.auth);
    otherNode = new TestNode({ ...test.auth, $context: contextOfOtherNode(test) });
    node.peers.push(otherNode);
    await test.auth.$context;
    root = await test.users.admin(newName(), test.database);
  });
  afterAll(() => {
    node.watch.stop();
    otherNode.watch.stop();
    test.close();
  });
  beforeEach(async () => {
    const name = newName();
    phone = await test.users.signUp(name);
    laptop = await test.users.signIn(name);
    other = await test.users.signUp(newName());
    [phones, laptops, others] = await Promise.all([connect(phone), connect(laptop), connect(other)]);
  });

  it("sign-out closes the connections of that session on every node, and no others", async () => {
    await post("/sign-out", {}, phone);
    await closedWith(4401, phones);
    untouched(laptops, others);
  });

  it("revokeSession closes the connections of the revoked session only", async () => {
    await post("/revoke-session", { token: phone.token }, laptop);
    await closedWith(4401, phones);
    untouched(laptops, others);
  });

  it("revokeOtherSessions closes the user's connections except those of the calling session", async () => {
    await post("/revoke-other-sessions", {}, laptop);
    await closedWith(4401, phones);
    untouched(laptops, others);
  });

  it("revokeSessions closes all connections of the user", async () => {
    await post("/revoke-sessions", {}, laptop);
    await closedWith(4401, phones, laptops);
    untouched(others);
  });

  it("revokeUserSession closes the connections of one session, and revokeUserSessions all of the user", async () => {
    await post("/admin/revoke-user-session", { sessionToken: phone.token }, root);
    await closedWith(4401, phones);
    untouched(laptops);
    await post("/admin/revoke-user-sessions", { userId: phone.id }, root);
    await closedWith(4401, laptops);
    untouched(others);
  });

  it("a ban closes all connections of the user with 4403", async () => {
    await post("/admin/ban-user", { userId: phone.id }, root);
    await closedWith(4403, phones, laptops);
    untouched(others);
  });

  it("removeUser closes all connections of the user", async () => {
    await post("/admin/remove-user", { userId: phone.id }, root);
    await closedWith(4401, phones, laptops);
    untouched(others);
  });

  it("deleteUser closes all connections of the user who deletes the account", async () => {
    await post("/delete-user", { password: "correct horse" }, laptop);
    await closedWith(4401, phones, laptops);
    untouched(others);
  });

  it("a password change with revokeOtherSessions closes all old connections, and none of the new session", async () => {
    const body = {
      currentPassword: "correct horse",
      newPassword: "battery staple",
      revokeOtherSessions: true,
    };
    const response = await post("/change-password", body, laptop);
    await closedWith(4401, phones, laptops);
    const renewed = await connect({ ...laptop, cookie: cookieOf(response) });
    for (const each of [node, otherNode]) each.watch.receive({ kind: "changed", userId: laptop.id });
    await until(() =>
      renewed.every((connection) => connection.replaced > 0 || connection.closedWith !== undefined),
    );
    untouched(renewed, others);
  });

  it("a password change without revokeOtherSessions closes no connection", async () => {
    const body = { currentPassword: "correct horse", newPassword: "battery staple" };
    await post("/change-password", body, laptop);
    untouched(phones, laptops, others);
  });

  it("setRole gives every connection of the user the new role, and closes no connection", async () => {
    expect(phones[0]?.role).toBe("user");
    await post("/admin/set-role", { userId: phone.id, role: "admin" }, root);
    await until(() => [...phones, ...laptops].every(({ role }) => role === "admin"));
    untouched(phones, laptops, others);
    expect(others.every(({ replaced }) => replaced === 0)).toBe(true);
  });

  it("stopImpersonating closes the connections of the impersonating session", async () => {
    const response = await test.users.post("/admin/impersonate-user", { userId: other.id }, root.cookie);
    const cookie = cookieOf(response);
    const connections = await connect({ ...other, cookie });
    expect(connections[0]?.identity.session).toMatchObject({ impersonatedBy: root.id });
    await test.users.post("/admin/stop-impersonating", {}, cookie);
    await closedWith(4401, connections);
    untouched(others);
  });

  describe("of an organization's members", () => {
    let organizationId: string;
    let memberId: string;

    const identitiesReplaced = async (changed: TestConnection[], unchanged: TestConnection[]) => {
      await until(() => changed.every(({ replaced }) => replaced > 0));
      untouched(changed, unchanged);
      expect(unchanged.every(({ replaced }) => replaced === 0)).toBe(true);
    };

    beforeEach(async () => {
      const name = newName();
      const created = await post("/organization/create", { name, slug: name }, root);
      organizationId = ((await created.json()) as { id: string }).id;
      const body = { userId: other.id, role: "member" as const, organizationId };
      memberId = (await test.auth.api.addMember({ body })).id;
      for (const connection of [...phones, ...laptops, ...others]) connection.replaced = 0;
    });

    it("removeMember replaces the identity on the removed member's connections only", async () => {
      await post("/organization/remove-member", { memberIdOrEmail: memberId, organizationId }, root);
      await identitiesReplaced(others, [...phones, ...laptops]);
    });

    it("leaving an organization replaces the identity on the member's connections only", async () => {
      await post("/organization/leave", { organizationId }, other);
      await identitiesReplaced(others, [...phones, ...laptops]);
    });

    it("updateMemberRole replaces the identity on the member's connections only", async () => {
      await post("/organization/update-member-role", { memberId, organizationId, role: "admin" }, root);
      await identitiesReplaced(others, [...phones, ...laptops]);
    });

    it("deleting an organization replaces the identity on the connections of all its members", async () => {
      await test.auth.api.addMember({ body: { userId: phone.id, role: "member", organizationId } });
      await post("/organization/delete", { organizationId }, root);
      await identitiesReplaced([...others, ...phones, ...laptops], []);
    });
  });
});

/** The context of Better Auth on the other node: the same store, and adapters of its own. */
async function contextOfOtherNode({ auth }: TestAuth): TestAuth["auth"]["$context"] {
  const context = await auth.$context;
  return { ...context, internalAdapter: { ...context.internalAdapter }, adapter: { ...context.adapter } };
}
