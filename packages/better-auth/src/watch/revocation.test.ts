import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cookieOf, createTestAuth, ORIGIN, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { Person, TestAuth } from "../../test/test-auth.ts";
import { until } from "../../test/fake-clock.ts";
import { TestNode } from "../../test/test-node.ts";
import type { TestConnection } from "../../test/test-node.ts";

const door = ({ cookie }: Person) => upgrade({ origin: ORIGIN, cookie });
let names = 0;
const newName = () => `user${(names += 1)}`;

describe.each(STORAGE_MODES)("with %s", (mode) => {
  let test: TestAuth;
  let here: TestNode;
  let there: TestNode;
  let root: Person;
  let phone: Person;
  let laptop: Person;
  let other: Person;
  /** The user's sessions, each with a connection on this node and on the other, and a bystander's. */
  let phones: TestConnection[];
  let laptops: TestConnection[];
  let others: TestConnection[];

  const post = async (path: string, body: object, by: Person) => {
    const response = await test.people.post(path, body, by.cookie);
    expect(response.status, await response.clone().text()).toBe(200);
    return response;
  };
  const connect = (person: Person) => Promise.all([here, there].map((node) => node.open(door(person))));
  const closedWith = (code: number | undefined, ...connections: TestConnection[][]) =>
    until(() => connections.flat().every((connection) => connection.closedWith === code));
  const untouched = (...connections: TestConnection[][]) => {
    for (const connection of connections.flat()) expect(connection.closedWith).toBeUndefined();
  };

  beforeAll(async () => {
    test = await createTestAuth({ mode });
    here = new TestNode(test.auth);
    there = new TestNode({ ...test.auth, $context: quietCopy(test) });
    here.peers.push(there);
    await test.auth.$context;
    root = await test.people.admin(newName(), test.database);
  });
  afterAll(() => {
    here.watch.stop();
    there.watch.stop();
    test.close();
  });
  beforeEach(async () => {
    const name = newName();
    phone = await test.people.signUp(name);
    laptop = await test.people.signIn(name);
    other = await test.people.signUp(newName());
    [phones, laptops, others] = await Promise.all([connect(phone), connect(laptop), connect(other)]);
  });

  it("sign-out closes the connections of that session only, on every node", async () => {
    await post("/sign-out", {}, phone);
    await closedWith(4401, phones);
    untouched(laptops, others);
  });

  it("revokeSession closes the connections of that session only", async () => {
    await post("/revoke-session", { token: phone.token }, laptop);
    await closedWith(4401, phones);
    untouched(laptops, others);
  });

  it("revokeOtherSessions leaves the one that asked", async () => {
    await post("/revoke-other-sessions", {}, laptop);
    await closedWith(4401, phones);
    untouched(laptops, others);
  });

  it("revokeSessions closes all of the user", async () => {
    await post("/revoke-sessions", {}, laptop);
    await closedWith(4401, phones, laptops);
    untouched(others);
  });

  it("an admin's revokeUserSession and revokeUserSessions", async () => {
    await post("/admin/revoke-user-session", { sessionToken: phone.token }, root);
    await closedWith(4401, phones);
    untouched(laptops);
    await post("/admin/revoke-user-sessions", { userId: phone.id }, root);
    await closedWith(4401, laptops);
    untouched(others);
  });

  it("a ban closes all of the user with 4403", async () => {
    await post("/admin/ban-user", { userId: phone.id }, root);
    await closedWith(4403, phones, laptops);
    untouched(others);
  });

  it("removeUser closes all of the user", async () => {
    await post("/admin/remove-user", { userId: phone.id }, root);
    await closedWith(4401, phones, laptops);
    untouched(others);
  });

  it("a user who deletes the account", async () => {
    await post("/delete-user", { password: "correct horse" }, laptop);
    await closedWith(4401, phones, laptops);
    untouched(others);
  });

  it("a password change that revokes other sessions leaves the new session alone", async () => {
    const body = {
      currentPassword: "correct horse",
      newPassword: "battery staple",
      revokeOtherSessions: true,
    };
    const response = await post("/change-password", body, laptop);
    await closedWith(4401, phones, laptops);
    const renewed = await connect({ ...laptop, cookie: cookieOf(response) });
    for (const node of [here, there]) node.watch.receive({ kind: "changed", userId: laptop.id });
    await until(() =>
      renewed.every((connection) => connection.replaced > 0 || connection.closedWith !== undefined),
    );
    untouched(renewed, others);
  });

  it("a password change without it closes nothing", async () => {
    const body = { currentPassword: "correct horse", newPassword: "battery staple" };
    await post("/change-password", body, laptop);
    untouched(phones, laptops, others);
  });

  it("setRole gives every connection of the user the new role, and closes none", async () => {
    expect(phones[0]?.role).toBe("user");
    await post("/admin/set-role", { userId: phone.id, role: "admin" }, root);
    await until(() => [...phones, ...laptops].every(({ role }) => role === "admin"));
    untouched(phones, laptops, others);
    expect(others.every(({ replaced }) => replaced === 0)).toBe(true);
  });

  it("an ended impersonation", async () => {
    const response = await test.people.post("/admin/impersonate-user", { userId: other.id }, root.cookie);
    const cookie = cookieOf(response);
    const connections = await connect({ ...other, cookie });
    expect(connections[0]?.identity.session).toMatchObject({ impersonatedBy: root.id });
    await test.people.post("/admin/stop-impersonating", {}, cookie);
    await closedWith(4401, connections);
    untouched(others);
  });

  describe("organizations", () => {
    let organizationId: string;
    let memberId: string;

    const rightsAskedAgain = async (asked: TestConnection[], calm: TestConnection[]) => {
      await until(() => asked.every(({ replaced }) => replaced > 0));
      untouched(asked, calm);
      expect(calm.every(({ replaced }) => replaced === 0)).toBe(true);
    };

    beforeEach(async () => {
      const name = newName();
      const created = await post("/organization/create", { name, slug: name }, root);
      organizationId = ((await created.json()) as { id: string }).id;
      const body = { userId: other.id, role: "member" as const, organizationId };
      memberId = (await test.auth.api.addMember({ body })).id;
      for (const connection of [...phones, ...laptops, ...others]) connection.replaced = 0;
    });

    it("a removed member's rights are asked again", async () => {
      await post("/organization/remove-member", { memberIdOrEmail: memberId, organizationId }, root);
      await rightsAskedAgain(others, [...phones, ...laptops]);
    });

    it("those of one who leaves", async () => {
      await post("/organization/leave", { organizationId }, other);
      await rightsAskedAgain(others, [...phones, ...laptops]);
    });

    it("those of one with another role", async () => {
      await post("/organization/update-member-role", { memberId, organizationId, role: "admin" }, root);
      await rightsAskedAgain(others, [...phones, ...laptops]);
    });

    it("those of all members of a deleted organization", async () => {
      await test.auth.api.addMember({ body: { userId: phone.id, role: "member", organizationId } });
      await post("/organization/delete", { organizationId }, root);
      await rightsAskedAgain([...others, ...phones, ...laptops], []);
    });
  });
});

/** The other node's Better Auth: over the same store, and with an adapter of its own. */
async function quietCopy({ auth }: TestAuth): TestAuth["auth"]["$context"] {
  const context = await auth.$context;
  return { ...context, internalAdapter: { ...context.internalAdapter }, adapter: { ...context.adapter } };
}
