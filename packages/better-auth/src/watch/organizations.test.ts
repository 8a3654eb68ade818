import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestAuth } from "../../test/test-auth.ts";
import type { TestUser, TestAuth } from "../../test/test-auth.ts";
import { until } from "../../test/until.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";

interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A server where the members of an organization may join its room while it is their active organization. */
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

describe("a server with the organization plugin over a SQLite file", () => {
  let test: TestAuth;
  let app: ReturnType<typeof createApp>;
  let server: Server;
  let ada: TestUser;
  let root: TestUser;
  let organizationId: string;
  let memberId: string;
  const sockets: WebSocket[] = [];

  const open = async (user: TestUser) => {
    const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`;
    // Node's WebSocket accepts headers, which the type of the browsers' WebSocket does not have.
    const headers = { headers: { authorization: `Bearer ${user.token}` } } as unknown as string[];
    const socket = new WebSocket(url, headers);
    sockets.push(socket);
    const frames: Frame[] = [];
    socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(String(data)) as Frame));
    await until(() => frames.some(({ type }) => type === "user_list"));
    const request = async (message: object) => {
      const before = frames.length;
      socket.send(JSON.stringify({ ...message, $: { id: "q" } }));
      await until(() => frames.slice(before).some(({ type }) => type === "reply" || type === "error"));
      return frames.slice(before).find(({ type }) => type === "reply" || type === "error");
    };
    return { frames, request };
  };

  beforeEach(async () => {
    test = await createTestAuth();
    app = createApp(test);
    server = createServer();
    attachWebSocketServer(server, { manager: app.manager, path: "/ws" });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    root = await test.users.signUp("root");
    ada = await test.users.signUp("ada");
    const created = await test.users.post("/organization/create", { name: "a", slug: "a" }, root.cookie);
    organizationId = ((await created.json()) as { id: string }).id;
    const body = { userId: ada.id, role: "member" as const, organizationId };
    memberId = (await test.auth.api.addMember({ body })).id;
    await test.users.post("/organization/set-active", { organizationId }, ada.cookie);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await app.manager.close();
    await new Promise((resolve) => server.close(resolve));
    test.close();
  });

  it("makes a removed member leave the organization's room within a second, and sends the member nothing of it afterwards", async () => {
    const { frames, request } = await open(ada);
    expect(await request({ type: "join", room: organizationId })).toMatchObject({ type: "reply" });
    const removedAt = performance.now();
    const removal = { memberIdOrEmail: memberId, organizationId };
    await test.users.post("/organization/remove-member", removal, root.cookie);
    await until(() => frames.some(({ type }) => type === "left"));
    expect(performance.now() - removedAt).toBeLessThan(1_000);
    expect(frames.find(({ type }) => type === "left")).toMatchObject({
      room: organizationId,
      reason: "forbidden",
    });
    await app.manager.sendToRoom(organizationId, { type: "announcement", message: "members only" });
    expect(await request({ type: "join", room: organizationId })).toMatchObject({ code: "forbidden" });
    expect(JSON.stringify(frames)).not.toContain("members only");
  });

  it("finds activeOrganizationId in a removed member's session, and still rejects the member's join", async () => {
    const removal = { memberIdOrEmail: memberId, organizationId };
    await test.users.post("/organization/remove-member", removal, root.cookie);
    const headers = new Headers({ cookie: ada.cookie });
    const session = await test.auth.api.getSession({ headers, query: { disableCookieCache: true } });
    expect(session?.session.activeOrganizationId).toBe(organizationId);
    const { request } = await open(ada);
    expect(await request({ type: "join", room: organizationId })).toMatchObject({ code: "forbidden" });
  });

  it("lets a member join the room of the session's active organization, and no other room", async () => {
    const { request } = await open(root);
    expect(await request({ type: "join", room: organizationId })).toMatchObject({ type: "reply" });
    expect(await request({ type: "join", room: "another" })).toMatchObject({ code: "forbidden" });
  });
});
