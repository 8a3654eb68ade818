import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAuth } from "../../test/test-auth.ts";
import type { Person, TestAuth } from "../../test/test-auth.ts";
import { until } from "../../test/fake-clock.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";

interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The room of an organization, for its members while they look at it. */
function createApp({ auth }: TestAuth) {
  const isMember = async (userId: string, organizationId: string): Promise<boolean> => {
    const where = Object.entries({ userId, organizationId }).map(([field, value]) => ({ field, value }));
    return (await (await auth.$context).adapter.findOne({ model: "member", where })) !== null;
  };
  return createWebSocketSystem({
    authenticate: betterAuthAuthenticator(auth, { lookUpMs: 3_600_000 }),
    authorize: ({ user, session, room }) =>
      room === "all" || (room === session.activeOrganizationId && isMember(user.id, room)),
  });
}

describe("a real server over a SQLite file", () => {
  let test: TestAuth;
  let app: ReturnType<typeof createApp>;
  let server: Server;
  let ada: Person;
  let root: Person;
  let organizationId: string;
  let memberId: string;
  const sockets: WebSocket[] = [];

  const open = async (person: Person) => {
    const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`;
    // Node's own WebSocket takes headers; the type of the platform's does not know it.
    const headers = { headers: { authorization: `Bearer ${person.token}` } } as unknown as string[];
    const socket = new WebSocket(url, headers);
    sockets.push(socket);
    const frames: Frame[] = [];
    socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(String(data)) as Frame));
    await until(() => frames.some(({ type }) => type === "user_list"));
    const ask = async (message: object) => {
      const before = frames.length;
      socket.send(JSON.stringify({ ...message, $: { id: "q" } }));
      await until(() => frames.slice(before).some(({ type }) => type === "reply" || type === "error"));
      return frames.slice(before).find(({ type }) => type === "reply" || type === "error");
    };
    return { frames, ask };
  };

  beforeEach(async () => {
    test = await createTestAuth();
    app = createApp(test);
    server = createServer();
    attachWebSocketServer(server, { manager: app.manager, path: "/ws" });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    root = await test.people.signUp("root");
    ada = await test.people.signUp("ada");
    const created = await test.people.post("/organization/create", { name: "a", slug: "a" }, root.cookie);
    organizationId = ((await created.json()) as { id: string }).id;
    const body = { userId: ada.id, role: "member" as const, organizationId };
    memberId = (await test.auth.api.addMember({ body })).id;
    await test.people.post("/organization/set-active", { organizationId }, ada.cookie);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await app.manager.close();
    await new Promise((resolve) => server.close(resolve));
    test.close();
  });

  it("takes a removed member out of the organization's room within a second, and tells nothing more of it", async () => {
    const { frames, ask } = await open(ada);
    expect(await ask({ type: "join", room: organizationId })).toMatchObject({ type: "reply" });
    const removedAt = performance.now();
    const removal = { memberIdOrEmail: memberId, organizationId };
    await test.people.post("/organization/remove-member", removal, root.cookie);
    await until(() => frames.some(({ type }) => type === "left"));
    expect(performance.now() - removedAt).toBeLessThan(1_000);
    expect(frames.find(({ type }) => type === "left")).toMatchObject({
      room: organizationId,
      reason: "forbidden",
    });
    await app.manager.sendToRoom(organizationId, { type: "announcement", message: "members only" });
    expect(await ask({ type: "join", room: organizationId })).toMatchObject({ code: "forbidden" });
    expect(JSON.stringify(frames)).not.toContain("members only");
  });

  it("still finds the organization in the session of who was removed: it is no right", async () => {
    const removal = { memberIdOrEmail: memberId, organizationId };
    await test.people.post("/organization/remove-member", removal, root.cookie);
    const headers = new Headers({ cookie: ada.cookie });
    const session = await test.auth.api.getSession({ headers, query: { disableCookieCache: true } });
    expect(session?.session.activeOrganizationId).toBe(organizationId);
    const { ask } = await open(ada);
    expect(await ask({ type: "join", room: organizationId })).toMatchObject({ code: "forbidden" });
  });

  it("lets a member into the room of the organization that the session is about, and into no other", async () => {
    const { ask } = await open(root);
    expect(await ask({ type: "join", room: organizationId })).toMatchObject({ type: "reply" });
    expect(await ask({ type: "join", room: "another" })).toMatchObject({ code: "forbidden" });
  });
});
