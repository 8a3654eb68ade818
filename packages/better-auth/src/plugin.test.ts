import type { Backplane } from "@halyard/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeBackplane } from "../test/fake-backplane.ts";
import { createTestAuth, STORAGE_MODES } from "../test/test-auth.ts";
import type { TestAuth, TestUser } from "../test/test-auth.ts";

describe.each(STORAGE_MODES)("the plugin's backplane, with sessions in the %s", (mode) => {
  let backplane: FakeBackplane;
  let test: TestAuth;
  let ada: TestUser;
  const idOf = async ({ token }: TestUser): Promise<string | undefined> =>
    (await (await test.auth.$context).internalAdapter.findSession(token))?.session.id;
  const markedSessions = (): unknown[] =>
    backplane.marks.map(({ mark }) => ("session" in mark ? mark.session : mark));

  beforeEach(async () => {
    backplane = new FakeBackplane();
    test = await createTestAuth({ mode, backplane: backplane as Partial<Backplane> as Backplane });
    ada = await test.users.signUp("ada");
  });
  afterEach(() => test.close());

  it("has the mark of a session when its sign-out is answered, and nothing before", async () => {
    const id = await idOf(ada);
    expect([backplane.marks, backplane.notices]).toEqual([[], []]);
    expect((await test.users.post("/sign-out", {}, ada.cookie)).status).toBe(200);
    expect(markedSessions()).toEqual([id]);
    expect(backplane.notices).toEqual([{ kind: "ended", sessionIds: [id], code: 4401 }]);
  });

  it("has the marks of what the application's own code ends, without a request", async () => {
    const id = await idOf(ada);
    await (await test.auth.$context).internalAdapter.deleteUserSessions(ada.id);
    expect(markedSessions()).toEqual([id]);
    expect(backplane.notices).toContainEqual({ kind: "changed", userId: ada.id });
  });

  it("has one mark of a banned user", async () => {
    const root = await test.users.admin("root", test.database);
    const banned = await test.users.post("/admin/ban-user", { userId: ada.id }, root.cookie);
    expect(banned.status).toBe(200);
    expect(backplane.marks.map(({ mark }) => mark)).toMatchObject([{ user: ada.id, code: 4403 }]);
  });

  it("does not make a sign-out fail when it is away", async () => {
    backplane.isAway = true;
    expect((await test.users.post("/sign-out", {}, ada.cookie)).status).toBe(200);
    expect(await idOf(ada)).toBeUndefined();
  });

  it("leaves an internal adapter alone that a request sets for itself", async () => {
    const context = await test.auth.$context;
    const { internalAdapter } = context;
    const request = Object.create(null, Object.getOwnPropertyDescriptors(context)) as typeof context;
    const own = { ...internalAdapter };
    request.internalAdapter = own;
    expect([request.internalAdapter, context.internalAdapter]).toEqual([own, internalAdapter]);
    expect(context.internalAdapter).toBe(internalAdapter);
  });
});
