// Each official plugin of Better Auth that makes sessions, on a SQLite file: what gets in stays in over several look-ups,
// and is closed when its session ends.
import { betterAuthAuthenticator } from "@halyard/better-auth";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pluginIds } from "../support/better-auth-plugin-ids.ts";
import { account, auth, keys, openStore, removeStore } from "../support/better-auth-plugins.ts";
import type { Headers, SignedIn } from "../support/better-auth-plugins.ts";
import { signIns, withoutSessions } from "../support/better-auth-sign-ins.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { RawClient } from "../support/raw-client.ts";
import { ORIGIN } from "../support/test-app.ts";

const { manager } = createWebSocketSystem({ authenticate: betterAuthAuthenticator(auth, { lookUpMs: 500 }) });
const server = createServer();
attachWebSocketServer(server, { manager });
const clients: RawClient[] = [];
let port = 0;

beforeAll(async () => {
  await openStore();
  port = await listenOnLoopback(server);
});

afterAll(async () => {
  await Promise.all(clients.map(async (client) => client.close()));
  await manager.close();
  server.close();
  removeStore();
});

async function open(headers: Headers): Promise<RawClient> {
  const client = await new RawClient({ url: `ws://127.0.0.1:${String(port)}/ws`, headers }).open();
  clients.push(client);
  return client;
}

/** What each plugin let in, after several look-ups of all of them. */
const opened = new Map<string, SignedIn & { readonly client: RawClient }>();

describe("sessions that plugins of Better Auth make", () => {
  it("are of every plugin that Better Auth has, unless it makes none for a reason [s-H10]", () => {
    const tested = Object.keys(signIns).map((name) => name.split(",")[0]);
    const known = new Set([...tested, ...Object.keys(withoutSessions)]);
    expect(pluginIds().filter((id) => !known.has(id))).toEqual([]);
    expect(pluginIds().length).toBeGreaterThan(25);
  });

  beforeAll(async () => {
    for (const [name, signIn] of Object.entries(signIns)) {
      const signedIn = await signIn();
      opened.set(name, { ...signedIn, client: await open(signedIn.headers) });
    }
    await pause(3_000);
  });

  it.each(Object.keys(signIns))(
    "a session of %s stays over several look-ups and ends with its session [s-H10]",
    async (name) => {
      const { client, end } = opened.get(name) ?? expect.fail("it was not let in");
      expect(client.isOpen, "after the look-ups").toBe(true);
      await end();
      expect(await client.end(3_000)).toMatchObject({ code: 4401 });
    },
  );

  it("a user of an API key who is banned or removed is closed [s-H10]", async () => {
    const [ada, bea] = [await account(), await account()];
    const keyOf = async (userId: string) =>
      (await keys.createApiKey({ body: { userId, name: "a key" } })).key;
    const [banned, removed] = [
      await open({ "x-api-key": await keyOf(ada.id) }),
      await open({ "x-api-key": await keyOf(bea.id) }),
    ];
    const { internalAdapter } = await auth.$context;
    await internalAdapter.updateUser(ada.id, { banned: true });
    await internalAdapter.deleteUser(bea.id);
    expect(await banned.end()).toMatchObject({ code: 4403 });
    expect(await removed.end()).toMatchObject({ code: 4401 });
  });

  it("no look-up spends a use of an API key, and no ticket stores one [s-H10]", async () => {
    const { id } = await account();
    const { key, id: keyId } = await keys.createApiKey({
      body: { userId: id, name: "a key", remaining: 5 },
    });
    await open({ "x-api-key": key });
    await pause(2_500);
    const { adapter } = await auth.$context;
    const row = await adapter.findOne<{ remaining: number }>({
      model: "apikey",
      where: [{ field: "id", value: keyId }],
    });
    expect(row?.remaining).toBe(4);
    const request = { method: "POST", headers: { "x-api-key": key } };
    expect((await auth.handler(new Request(`${ORIGIN}/api/auth/halyard/ticket`, request))).status).toBe(401);
  });

  it("upgrades with one session at a time ask the session store once [s-A7]", async () => {
    const { headers } = await account();
    const { internalAdapter } = await auth.$context;
    const { findSession } = internalAdapter;
    const token = /session_token=([^.;]+)/.exec(headers["cookie"] ?? "")?.[1];
    let asked = 0;
    internalAdapter.findSession = async (wanted) => {
      if (wanted === token) asked++;
      await pause(100);
      return findSession(wanted);
    };
    await Promise.all(Array.from({ length: 10 }, async () => open(headers)));
    internalAdapter.findSession = findSession;
    expect(asked).toBeLessThanOrEqual(3);
  });
});
