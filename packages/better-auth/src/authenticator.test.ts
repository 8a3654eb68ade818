import { HalyardError } from "@halyard/protocol/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, probe, STORAGE_MODES, upgrade } from "../test/test-auth.ts";
import type { TestUser, TestAuth } from "../test/test-auth.ts";
import { betterAuthAuthenticator } from "./authenticator.ts";
import { systemClock } from "./options.ts";

const quiet = { warn: () => undefined };

/** The HTTP status that the server answers an upgrade with: 101, or that of the rejection. */
async function statusOf(pending: Promise<unknown>): Promise<101 | 401 | 403 | 503> {
  try {
    return (await pending) === null ? 401 : 101;
  } catch (error) {
    if (!(error instanceof HalyardError)) throw error;
    if (error.code === "forbidden") return 403;
    expect(error.code).toBe("unavailable");
    expect(error.retryAfterMs).toBeGreaterThan(0);
    return 503;
  }
}

describe.each(STORAGE_MODES)("the authenticator with sessions in the %s", (mode) => {
  let test: TestAuth;
  let ada: TestUser;
  const create = () => betterAuthAuthenticator(test.auth, { logger: quiet });
  const connect = (headers: Record<string, string>) => statusOf(create().authenticate(upgrade(headers)));

  beforeAll(async () => {
    test = await createTestAuth({ mode });
    ada = await test.users.signUp("ada");
  });
  afterAll(() => test.close());

  it("returns the user and the session of a signed-in user's cookie", async () => {
    const identity = await create().authenticate(upgrade({ origin: ORIGIN, cookie: ada.cookie }));
    expect(identity?.user).toMatchObject({ id: ada.id, name: "ada", email: "ada@example.com" });
    expect(identity?.session).toMatchObject({ userId: ada.id, token: ada.token });
    expect(identity?.session.expiresAt).toBeInstanceOf(Date);
  });

  it("answers 401 to a request without credentials", async () => {
    expect(await connect({ origin: ORIGIN })).toBe(401);
    expect(await connect({})).toBe(401);
  });

  it("does not extend the session of a connection", async () => {
    const bea = await test.users.signUp("bea");
    const { internalAdapter } = await test.auth.$context;
    const soon = new Date(Date.now() + 3_600_000); // far past updateAge: an ordinary getSession would extend it
    await internalAdapter.updateSession(bea.token, { expiresAt: soon });
    expect(await connect({ origin: ORIGIN, cookie: bea.cookie })).toBe(101);
    expect((await internalAdapter.findSession(bea.token))?.session.expiresAt).toEqual(soon);
  });

  it("A14: answers 401 to a session cookie with a tampered signature", async () => {
    const tampered = ada.cookie.replace(
      /(session_token=[^.]+\.)(.)/,
      (_all, head: string, sign: string) => head + (sign === "A" ? "B" : "A"),
    );
    expect(tampered).not.toBe(ada.cookie);
    expect(await connect({ origin: ORIGIN, cookie: tampered })).toBe(401);
  });

  it("A15: answers 401 to an expired session", async () => {
    const cid = await test.users.signUp("cid");
    const { internalAdapter } = await test.auth.$context;
    if (mode === "secondary storage") expireInStorage(test, cid.token);
    else await internalAdapter.updateSession(cid.token, { expiresAt: new Date(Date.now() - 1) });
    expect(await connect({ origin: ORIGIN, cookie: cid.cookie })).toBe(401);
  });

  it("A15: answers 401 to a session that was deleted before the upgrade", async () => {
    const dan = await test.users.signUp("dan");
    await (await test.auth.$context).internalAdapter.deleteSession(dan.token);
    expect(await connect({ origin: ORIGIN, cookie: dan.cookie })).toBe(401);
  });

  it("A15: answers 403 to a user who is banned in the database, until the ban expires", async () => {
    const eve = await test.users.signUp("eve");
    const ban = (expires: string | null) =>
      test.database.prepare("update user set banned = 1, banExpires = ? where id = ?").run(expires, eve.id);
    ban(null);
    expect(await connect({ origin: ORIGIN, cookie: eve.cookie })).toBe(403);
    ban(new Date(Date.now() + 60_000).toISOString());
    expect(await connect({ origin: ORIGIN, cookie: eve.cookie })).toBe(403);
    ban(new Date(Date.now() - 1).toISOString());
    expect(await connect({ origin: ORIGIN, cookie: eve.cookie })).toBe(101);
  });

  it("A16: answers 401 to a revoked session whose cookie cache is still valid", async () => {
    const fay = await test.users.signUp("fay");
    const signedOut = await test.users.post("/sign-out", {}, fay.cookie);
    expect(signedOut.status).toBe(200);
    const headers = new Headers({ cookie: fay.cookie });
    const cached = await test.auth.api.getSession({ headers });
    expect(cached === null).toBe(mode !== "cookie cache"); // the result of an ordinary getSession
    expect(await connect({ origin: ORIGIN, cookie: fay.cookie })).toBe(401);
  });
});

describe("the credentials of an upgrade request", () => {
  let test: TestAuth;
  let ada: TestUser;
  const connect = (headers: Record<string, string>, url?: string) =>
    statusOf(betterAuthAuthenticator(test.auth, { logger: quiet }).authenticate(upgrade(headers, url)));

  beforeAll(async () => {
    test = await createTestAuth();
    ada = await test.users.signUp("ada");
  });
  afterAll(() => test.close());

  it("A5: answers 403 to a cookie without Origin", async () => {
    expect(await connect({ cookie: ada.cookie })).toBe(403);
  });

  it("A5: ignores a cookie without Origin beside an invalid bearer token, and answers 401", async () => {
    expect(await connect({ cookie: ada.cookie, authorization: "Bearer nothing" })).toBe(401);
  });

  it("A6: accepts a bearer token without Origin and with a trusted Origin, and answers 403 to a foreign Origin", async () => {
    expect(await connect({ authorization: `Bearer ${ada.token}` })).toBe(101);
    expect(await connect({ authorization: `Bearer ${ada.token}`, origin: ORIGIN })).toBe(101);
    expect(await connect({ authorization: `Bearer ${ada.token}`, origin: "https://evil.com" })).toBe(403);
  });

  it("answers 403 to a bearer token without Origin when allowMissingOrigin is false", async () => {
    const authenticator = betterAuthAuthenticator(test.auth, { allowMissingOrigin: false, logger: quiet });
    const bearer = { authorization: `Bearer ${ada.token}` };
    expect(await statusOf(authenticator.authenticate(upgrade(bearer)))).toBe(403);
    expect(await statusOf(authenticator.authenticate(upgrade({ ...bearer, origin: ORIGIN })))).toBe(101);
  });

  it("accepts a cookie without Origin in a plain GET, unless the GET is cross-site", async () => {
    const authenticator = betterAuthAuthenticator(test.auth, { logger: quiet });
    expect(await statusOf(authenticator.authenticate(probe({ cookie: ada.cookie })))).toBe(101);
    expect(
      await statusOf(
        authenticator.authenticate(probe({ cookie: ada.cookie, "sec-fetch-site": "same-origin" })),
      ),
    ).toBe(101);
    expect(
      await statusOf(
        authenticator.authenticate(probe({ cookie: ada.cookie, "sec-fetch-site": "cross-site" })),
      ),
    ).toBe(403);
    expect(await statusOf(authenticator.authenticate(probe({})))).toBe(401);
  });

  it.each([
    ["a lone percent sign", "%"],
    ["broken UTF-8", "better-auth.session_token=%E0%A4%A"],
    ["8 KB", `__Secure-better-auth.session_token=${"x".repeat(8192)}`],
    ["__proto__", "__proto__=1; constructor=2"],
    ["200 cookies", Array.from({ length: 200 }, (_, index) => `c${index}=1`).join("; ")],
    ["an empty token", "__Secure-better-auth.session_token="],
    ["a token of dots", "__Secure-better-auth.session_token=...."],
  ])("A12: answers 401 to a cookie of %s", async (_name, cookie) => {
    expect(await connect({ origin: ORIGIN, cookie })).toBe(401);
  });

  it("A12: uses the first of two cookies with the same name", async () => {
    const other = "__Secure-better-auth.session_token=junk";
    expect(await connect({ origin: ORIGIN, cookie: `${ada.cookie}; ${other}` })).toBe(101);
    expect(await connect({ origin: ORIGIN, cookie: `${other}; ${ada.cookie}` })).toBe(401);
  });

  it.each([
    "Bearer",
    "Bearer ",
    "Bearer a.b.c",
    `Bearer ${"x".repeat(8192)}`,
    "Bearer %E0%A4%A.x",
    "Basic YTpi",
    "Bearer .",
    "\u00ff",
  ])("A13: answers 401 to the authorization %j", async (authorization) => {
    expect(await connect({ authorization })).toBe(401);
    expect(await connect({ authorization, origin: ORIGIN })).toBe(401);
  });

  it.each(["/ws?ticket=abc", "/ws?c=1&token=abc", "//?access_token=x", "/ws?%74oken=abc"])(
    "A20: answers 403 to a secret in the URL %s",
    async (url) => {
      expect(await connect({ origin: ORIGIN, cookie: ada.cookie }, url)).toBe(403);
    },
  );

  it.each(["//evil.com/ws", "http://evil.com/ws", "//", "*", "/ws%00", "/ws?%"])(
    "A7: decides by the Origin alone for the request target %s",
    async (url) => {
      expect(await connect({ origin: ORIGIN, cookie: ada.cookie }, url)).toBe(101);
      expect(await connect({ origin: "https://evil.com", cookie: ada.cookie, host: "evil.com" }, url)).toBe(
        403,
      );
    },
  );
});

describe("A17: an unavailable session store", () => {
  it("makes an upgrade fail with unavailable and a random retry time when the store does not answer", async () => {
    const test = await createTestAuth();
    const ada = await test.users.signUp("ada");
    test.closeDatabase();
    const authenticator = betterAuthAuthenticator(test.auth, {
      retryAfterMs: 1_000,
      clock: { ...systemClock, random: () => 0.5 },
    });
    const pending = authenticator.authenticate(upgrade({ origin: ORIGIN, cookie: ada.cookie }));
    await expect(pending).rejects.toMatchObject({ code: "unavailable", retryAfterMs: 1_500 });
    test.close();
  });

  it("makes an upgrade fail with 503 when Better Auth cannot start", async () => {
    const test = await createTestAuth();
    const $context = Promise.reject(new Error("no secret"));
    const authenticator = betterAuthAuthenticator({ ...test.auth, $context });
    expect(await statusOf(authenticator.authenticate(upgrade({ origin: ORIGIN })))).toBe(503);
    test.close();
  });
});

it("throws a TypeError for an object that betterAuth() did not return", () => {
  const nothing = {
    $Infer: { Session: { user: { id: "" }, session: { id: "" } } },
    $context: Promise.resolve(),
  };
  expect(() => betterAuthAuthenticator(nothing)).toThrow(TypeError);
});

/** Makes an entry expired and keeps it: a secondary storage may drop expired entries late. */
function expireInStorage(test: TestAuth, token: string): void {
  const entry = JSON.parse(test.secondary.get(token) ?? "") as { session: object };
  const session = { ...entry.session, expiresAt: new Date(Date.now() - 1) };
  test.secondary.set(token, JSON.stringify({ ...entry, session }));
}

describe("the authenticator's trustsOrigin", () => {
  it("lets a page read the reason of its rejection only where Better Auth trusts its origin", async () => {
    const test = await createTestAuth();
    const authenticator = betterAuthAuthenticator(test.auth, { logger: quiet });
    expect(await authenticator.trustsOrigin?.(ORIGIN, probe({ origin: ORIGIN }))).toBe(true);
    expect(
      await authenticator.trustsOrigin?.("https://evil.com", probe({ origin: "https://evil.com" })),
    ).toBe(false);
    test.close();
  });
});
