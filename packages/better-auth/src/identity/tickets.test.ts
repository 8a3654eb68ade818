import { HalyardError } from "@halyard/protocol/wire";
import { createAuthClient } from "better-auth/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, probe, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { TestUser, StorageMode, TestAuth } from "../../test/test-auth.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";
import { halyardClient, ticketFrom } from "../client.ts";

const OTHER_ORIGIN = "https://other.example.com";
/** What an app of Expo names itself to Better Auth. */
const APP = "myapp://";
let signUps = 0;

describe.each(STORAGE_MODES)("tickets with sessions in the %s", (mode) => {
  let test: TestAuth;
  let ada: TestUser;
  let authenticator: ReturnType<typeof betterAuthAuthenticator<TestAuth["auth"]>>;

  beforeAll(async () => {
    test = await createTestAuth({ mode, trustedOrigins: [OTHER_ORIGIN, APP] });
    authenticator = betterAuthAuthenticator(test.auth, { logger: { warn: () => undefined } });
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    ada = await test.users.signUp(`ada${(signUps += 1)}`);
  });

  const redeem = async (ticket: string, headers: Record<string, string> = { origin: ORIGIN }) => {
    const protocols = `halyard.v1, halyard.ticket.${ticket}`;
    const identity = await authenticator.authenticate(
      upgrade({ "sec-websocket-protocol": protocols, ...headers }),
    );
    return identity?.user.id ?? null;
  };

  it("A6: opens a connection with a ticket and no cookie, from a page and without an Origin", async () => {
    expect(await redeem(await test.users.ticket(ada))).toBe(ada.id);
    expect(await redeem(await test.users.ticket(ada, null), {})).toBe(ada.id);
  });

  it("A18: opens exactly one connection with a ticket that is used eight times at once and once afterwards", async () => {
    const ticket = await test.users.ticket(ada);
    const users = await Promise.all(Array.from({ length: 8 }, () => redeem(ticket)));
    expect(users.filter((user) => user === ada.id)).toHaveLength(1);
    expect(users.filter((user) => user === null)).toHaveLength(7);
    expect(await redeem(ticket)).toBeNull();
  });

  it("A19: rejects a ticket whose session was signed out", async () => {
    const ticket = await test.users.ticket(ada);
    await test.users.post("/sign-out", {}, ada.cookie);
    expect(await redeem(ticket)).toBeNull();
  });

  it("A19: rejects a ticket beside another user's valid cookie, and accepts it beside an invalid cookie", async () => {
    const bea = await test.users.signUp(`bea${signUps}`);
    expect(await redeem(await test.users.ticket(ada), { origin: ORIGIN, cookie: bea.cookie })).toBeNull();
    expect(await redeem(await test.users.ticket(ada), { origin: ORIGIN, cookie: ada.cookie })).toBe(ada.id);
    await test.users.post("/sign-out", {}, bea.cookie);
    expect(await redeem(await test.users.ticket(ada), { origin: ORIGIN, cookie: bea.cookie })).toBe(ada.id);
  });

  it("A19: rejects a ticket from another Origin than that of its request", async () => {
    expect(await redeem(await test.users.ticket(ada), { origin: OTHER_ORIGIN })).toBeNull();
    expect(await redeem(await test.users.ticket(ada), {})).toBeNull();
    await expect(redeem(await test.users.ticket(ada), { origin: "https://evil.com" })).rejects.toThrow(
      HalyardError,
    );
  });

  it("opens a connection of React Native, which sends the server's own origin, with a ticket that Better Auth's plugin for Expo has fetched", async () => {
    // The plugin's half in the app sends `expo-origin`, and its half in the server makes it the request's `origin`.
    const headers = { cookie: ada.cookie, "expo-origin": APP, origin: APP };
    const request = new Request(`${ORIGIN}/api/auth/halyard/ticket`, { method: "POST", headers });
    const { ticket } = (await (await test.auth.handler(request)).json()) as { ticket: string };
    expect(await redeem(ticket, { origin: ORIGIN })).toBe(ada.id);
  });

  it("accepts a ticket in the plain GET of a page of its own origin, which has no Origin, and in none of another site", async () => {
    const ask = async (headers: Record<string, string>): Promise<string | undefined> => {
      const protocols = `halyard.v1, halyard.ticket.${await test.users.ticket(ada)}`;
      const request = probe({ "sec-websocket-protocol": protocols, ...headers });
      return (await authenticator.authenticate(request))?.user.id;
    };
    expect(await ask({ cookie: ada.cookie, "sec-fetch-site": "same-origin" })).toBe(ada.id);
    expect(await ask({ "sec-fetch-site": "same-origin" })).toBe(ada.id);
    expect(await ask({ origin: ORIGIN, "sec-fetch-site": "same-site" })).toBe(ada.id);
    expect(await ask({ "sec-fetch-site": "cross-site" })).toBeUndefined();
    expect(await ask({ origin: OTHER_ORIGIN })).toBeUndefined();
  });

  it("A19: rejects a ticket of another audience", async () => {
    const ticket = await test.users.ticket(ada);
    const context = await test.auth.$context;
    const $context = Promise.resolve({
      ...context,
      getPlugin: () => ({ id: "halyard", options: { audience: "b" } }),
    });
    const elsewhere = betterAuthAuthenticator({ ...test.auth, $context });
    const request = upgrade({ origin: ORIGIN, "sec-websocket-protocol": `halyard.ticket.${ticket}` });
    expect(await elsewhere.authenticate(request)).toBeNull();
  });

  it("A19: rejects a ticket that has expired", async () => {
    const ticket = await test.users.ticket(ada);
    expireTickets(test, mode);
    expect(await redeem(ticket)).toBeNull();
  });

  it("stores only the hash of a ticket", async () => {
    const ticket = await test.users.ticket(ada);
    const inDatabase = mode !== "secondary storage";
    const rows = inDatabase ? test.database.prepare("select identifier from verification").all() : [];
    const stored = JSON.stringify([...rows, ...test.secondary.keys()]);
    expect(stored).toContain("halyard-ticket:");
    expect(stored).not.toContain(ticket);
  });

  it("does not extend the session that requests a ticket", async () => {
    const { internalAdapter } = await test.auth.$context;
    const expiresAt = new Date(Date.now() + 3_600_000);
    await internalAdapter.updateSession(ada.token, { expiresAt });
    await test.users.ticket(ada);
    expect((await internalAdapter.findSession(ada.token))?.session.expiresAt).toEqual(expiresAt);
  });

  it("issues no ticket to a revoked session whose cookie cache is still valid, nor to a foreign page", async () => {
    const foreign = await test.users.post("/halyard/ticket", {}, ada.cookie, "https://evil.com");
    expect(foreign.status).toBe(403);
    await test.users.post("/sign-out", {}, ada.cookie);
    expect((await test.users.post("/halyard/ticket", {}, ada.cookie)).status).toBe(401);
  });

  it.each(["", "x", "_".repeat(43), "%00", "a".repeat(8_000)])(
    "answers 401 to the malformed ticket %j",
    async (ticket) => {
      expect(await redeem(ticket)).toBeNull();
      expect(await redeem(ticket, { origin: ORIGIN, cookie: ada.cookie })).toBeNull();
    },
  );

  it("answers 401 to two tickets in one request", async () => {
    const [one, two] = [await test.users.ticket(ada), await test.users.ticket(ada)];
    expect(await redeem(`${one}, halyard.ticket.${two}`)).toBeNull();
  });

  it("opens exactly fifty connections in a thousand uses of fifty tickets", async () => {
    const tickets = await Promise.all(Array.from({ length: 50 }, () => test.users.ticket(ada)));
    const uses = tickets.flatMap((ticket) => Array.from({ length: 20 }, () => ticket));
    const users = await Promise.all(uses.map((ticket) => redeem(ticket)));
    expect(users.filter((user) => user !== null)).toHaveLength(50);
  });
});

describe("ticketFrom", () => {
  it("fetches a new ticket through Better Auth's client at each call, and throws the status of a rejection", async () => {
    const test = await createTestAuth();
    const ada = await test.users.signUp("ada");
    let cookie = ada.cookie;
    const authClient = createAuthClient({
      baseURL: ORIGIN,
      plugins: [halyardClient()],
      fetchOptions: {
        customFetchImpl: (input, init) => {
          const request = new Request(input, init);
          request.headers.set("origin", ORIGIN);
          request.headers.set("cookie", cookie);
          return test.auth.handler(request);
        },
      },
    });
    const ticket = ticketFrom(authClient);
    const first = await ticket();
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(await ticket()).not.toBe(first);
    cookie = "";
    await expect(ticket()).rejects.toMatchObject({ status: 401 });
    test.close();
  });

  it.each([401, 403])(
    "takes the page of a proxy with status %i for an outage, and not for a rejection",
    async (status) => {
      const customFetchImpl = () => Promise.resolve(new Response("<!doctype html>", { status }));
      const authClient = createAuthClient({
        baseURL: ORIGIN,
        plugins: [halyardClient()],
        fetchOptions: { customFetchImpl },
      });
      const failure: unknown = await ticketFrom(authClient)().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(failure).not.toHaveProperty("status");
    },
  );

  it("rejects where a page answers in place of Better Auth, so that the client does not connect without a ticket", async () => {
    // As a server of pages answers each path that it does not know, or a network that wants a sign-in first.
    const page = new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
    const customFetchImpl = () => Promise.resolve(page);
    const authClient = createAuthClient({
      baseURL: ORIGIN,
      plugins: [halyardClient()],
      fetchOptions: { customFetchImpl },
    });
    await expect(ticketFrom(authClient)()).rejects.toMatchObject({ status: 200 });
  });
});

function expireTickets(test: TestAuth, mode: StorageMode): void {
  const past = new Date(Date.now() - 1).toISOString();
  if (mode !== "secondary storage") test.database.prepare("update verification set expiresAt = ?").run(past);
  for (const [key, value] of test.secondary) {
    if (!key.startsWith("verification:")) continue;
    test.secondary.set(key, JSON.stringify({ ...(JSON.parse(value) as object), expiresAt: past }));
  }
}
