import { HalyardError } from "@halyard/protocol/wire";
import { createAuthClient } from "better-auth/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { Person, StorageMode, TestAuth } from "../../test/test-auth.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";
import { halyardClient, ticketFrom } from "../client.ts";

const OTHER_ORIGIN = "https://other.example.com";
let people = 0;

describe.each(STORAGE_MODES)("with %s", (mode) => {
  let test: TestAuth;
  let ada: Person;
  let door: ReturnType<typeof betterAuthAuthenticator<TestAuth["auth"]>>;

  beforeAll(async () => {
    test = await createTestAuth({ mode, trustedOrigins: [OTHER_ORIGIN] });
    door = betterAuthAuthenticator(test.auth, { logger: { warn: () => undefined } });
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    ada = await test.people.signUp(`ada${(people += 1)}`);
  });

  const knock = async (ticket: string, headers: Record<string, string> = { origin: ORIGIN }) => {
    const protocols = `halyard.v1, halyard.ticket.${ticket}`;
    const identity = await door.authenticate(upgrade({ "sec-websocket-protocol": protocols, ...headers }));
    return identity?.user.id ?? null;
  };

  it("A6: opens a connection without a cookie, from a page and without one", async () => {
    expect(await knock(await test.people.ticket(ada))).toBe(ada.id);
    expect(await knock(await test.people.ticket(ada, null), {})).toBe(ada.id);
  });

  it("A18: opens exactly one, of eight at once and of two in a row", async () => {
    const ticket = await test.people.ticket(ada);
    const users = await Promise.all(Array.from({ length: 8 }, () => knock(ticket)));
    expect(users.filter((user) => user === ada.id)).toHaveLength(1);
    expect(users.filter((user) => user === null)).toHaveLength(7);
    expect(await knock(ticket)).toBeNull();
  });

  it("A19: is nothing once its session is signed out", async () => {
    const ticket = await test.people.ticket(ada);
    await test.people.post("/sign-out", {}, ada.cookie);
    expect(await knock(ticket)).toBeNull();
  });

  it("A19: does not go with another user's cookie, and does with a dead one", async () => {
    const bea = await test.people.signUp(`bea${people}`);
    expect(await knock(await test.people.ticket(ada), { origin: ORIGIN, cookie: bea.cookie })).toBeNull();
    expect(await knock(await test.people.ticket(ada), { origin: ORIGIN, cookie: ada.cookie })).toBe(ada.id);
    await test.people.post("/sign-out", {}, bea.cookie);
    expect(await knock(await test.people.ticket(ada), { origin: ORIGIN, cookie: bea.cookie })).toBe(ada.id);
  });

  it("A19: counts only from the page that asked for it", async () => {
    expect(await knock(await test.people.ticket(ada), { origin: OTHER_ORIGIN })).toBeNull();
    expect(await knock(await test.people.ticket(ada), {})).toBeNull();
    await expect(knock(await test.people.ticket(ada), { origin: "https://evil.com" })).rejects.toThrow(
      HalyardError,
    );
  });

  it("A19: counts only for its audience", async () => {
    const ticket = await test.people.ticket(ada);
    const context = await test.auth.$context;
    const $context = Promise.resolve({
      ...context,
      getPlugin: () => ({ id: "halyard", options: { audience: "b" } }),
    });
    const elsewhere = betterAuthAuthenticator({ ...test.auth, $context });
    const request = upgrade({ origin: ORIGIN, "sec-websocket-protocol": `halyard.ticket.${ticket}` });
    expect(await elsewhere.authenticate(request)).toBeNull();
  });

  it("A19: is nothing after 30 s", async () => {
    const ticket = await test.people.ticket(ada);
    expireTickets(test, mode);
    expect(await knock(ticket)).toBeNull();
  });

  it("is stored as a hash", async () => {
    const ticket = await test.people.ticket(ada);
    const inDatabase = mode !== "secondary storage";
    const rows = inDatabase ? test.database.prepare("select identifier from verification").all() : [];
    const stored = JSON.stringify([...rows, ...test.secondary.keys()]);
    expect(stored).toContain("halyard-ticket:");
    expect(stored).not.toContain(ticket);
  });

  it("does not extend the session", async () => {
    const { internalAdapter } = await test.auth.$context;
    const expiresAt = new Date(Date.now() + 3_600_000);
    await internalAdapter.updateSession(ada.token, { expiresAt });
    await test.people.ticket(ada);
    expect((await internalAdapter.findSession(ada.token))?.session.expiresAt).toEqual(expiresAt);
  });

  it("is refused to a revoked session whose cookie cache is still valid, and from a foreign page", async () => {
    const foreign = await test.people.post("/halyard/ticket", {}, ada.cookie, "https://evil.com");
    expect(foreign.status).toBe(403);
    await test.people.post("/sign-out", {}, ada.cookie);
    expect((await test.people.post("/halyard/ticket", {}, ada.cookie)).status).toBe(401);
  });

  it.each(["", "x", "_".repeat(43), "%00", "a".repeat(8_000)])(
    "answers 401 to the ticket %j",
    async (ticket) => {
      expect(await knock(ticket)).toBeNull();
      expect(await knock(ticket, { origin: ORIGIN, cookie: ada.cookie })).toBeNull();
    },
  );

  it("answers 401 to several tickets at once", async () => {
    const [one, two] = [await test.people.ticket(ada), await test.people.ticket(ada)];
    expect(await knock(`${one}, halyard.ticket.${two}`)).toBeNull();
  });

  it("each opens exactly one connection, of a thousand uses", async () => {
    const tickets = await Promise.all(Array.from({ length: 50 }, () => test.people.ticket(ada)));
    const uses = tickets.flatMap((ticket) => Array.from({ length: 20 }, () => ticket));
    const users = await Promise.all(uses.map((ticket) => knock(ticket)));
    expect(users.filter((user) => user !== null)).toHaveLength(50);
  });
});

describe("the client", () => {
  it("fetches a ticket through Better Auth's own client, and says with which status it was refused", async () => {
    const test = await createTestAuth();
    const ada = await test.people.signUp("ada");
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
});

function expireTickets(test: TestAuth, mode: StorageMode): void {
  const past = new Date(Date.now() - 1).toISOString();
  if (mode !== "secondary storage") test.database.prepare("update verification set expiresAt = ?").run(past);
  for (const [key, value] of test.secondary) {
    if (!key.startsWith("verification:")) continue;
    test.secondary.set(key, JSON.stringify({ ...(JSON.parse(value) as object), expiresAt: past }));
  }
}
