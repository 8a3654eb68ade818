import { HalyardError } from "@halyard/protocol/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, probe, STORAGE_MODES, upgrade } from "../test/test-auth.ts";
import type { Person, TestAuth } from "../test/test-auth.ts";
import { betterAuthAuthenticator } from "./authenticator.ts";
import { systemClock } from "./options.ts";

const quiet = { warn: () => undefined };

/** What the server answers: a status before 101, or 101. */
async function answerOf(pending: Promise<unknown>): Promise<101 | 401 | 403 | 503> {
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

describe.each(STORAGE_MODES)("with %s", (mode) => {
  let test: TestAuth;
  let ada: Person;
  const door = () => betterAuthAuthenticator(test.auth, { logger: quiet });
  const knock = (headers: Record<string, string>) => answerOf(door().authenticate(upgrade(headers)));

  beforeAll(async () => {
    test = await createTestAuth({ mode });
    ada = await test.people.signUp("ada");
  });
  afterAll(() => test.close());

  it("lets a signed-in user in and says who it is", async () => {
    const identity = await door().authenticate(upgrade({ origin: ORIGIN, cookie: ada.cookie }));
    expect(identity?.user).toMatchObject({ id: ada.id, name: "ada", email: "ada@example.com" });
    expect(identity?.session).toMatchObject({ userId: ada.id, token: ada.token });
    expect(identity?.session.expiresAt).toBeInstanceOf(Date);
  });

  it("answers 401 without any credential", async () => {
    expect(await knock({ origin: ORIGIN })).toBe(401);
    expect(await knock({})).toBe(401);
  });

  it("does not extend the session", async () => {
    const bea = await test.people.signUp("bea");
    const { internalAdapter } = await test.auth.$context;
    const soon = new Date(Date.now() + 3_600_000); // far past updateAge: an ordinary look-up would extend it
    await internalAdapter.updateSession(bea.token, { expiresAt: soon });
    expect(await knock({ origin: ORIGIN, cookie: bea.cookie })).toBe(101);
    expect((await internalAdapter.findSession(bea.token))?.session.expiresAt).toEqual(soon);
  });

  it("A14: answers 401 to a tampered signature", async () => {
    const tampered = ada.cookie.replace(
      /(session_token=[^.]+\.)(.)/,
      (_all, head: string, sign: string) => head + (sign === "A" ? "B" : "A"),
    );
    expect(tampered).not.toBe(ada.cookie);
    expect(await knock({ origin: ORIGIN, cookie: tampered })).toBe(401);
  });

  it("A15: answers 401 to an expired session", async () => {
    const cid = await test.people.signUp("cid");
    const { internalAdapter } = await test.auth.$context;
    if (mode === "secondary storage") expireInStorage(test, cid.token);
    else await internalAdapter.updateSession(cid.token, { expiresAt: new Date(Date.now() - 1) });
    expect(await knock({ origin: ORIGIN, cookie: cid.cookie })).toBe(401);
  });

  it("A15: answers 401 to a session that was deleted just now", async () => {
    const dan = await test.people.signUp("dan");
    await (await test.auth.$context).internalAdapter.deleteSession(dan.token);
    expect(await knock({ origin: ORIGIN, cookie: dan.cookie })).toBe(401);
  });

  it("A15: answers 403 to a user who is banned in the database, until the ban expires", async () => {
    const eve = await test.people.signUp("eve");
    const ban = (expires: string | null) =>
      test.database.prepare("update user set banned = 1, banExpires = ? where id = ?").run(expires, eve.id);
    ban(null);
    expect(await knock({ origin: ORIGIN, cookie: eve.cookie })).toBe(403);
    ban(new Date(Date.now() + 60_000).toISOString());
    expect(await knock({ origin: ORIGIN, cookie: eve.cookie })).toBe(403);
    ban(new Date(Date.now() - 1).toISOString());
    expect(await knock({ origin: ORIGIN, cookie: eve.cookie })).toBe(101);
  });

  it("A16: answers 401 to a revoked session whose cookie cache is still valid", async () => {
    const fay = await test.people.signUp("fay");
    const signedOut = await test.people.post("/sign-out", {}, fay.cookie);
    expect(signedOut.status).toBe(200);
    const headers = new Headers({ cookie: fay.cookie });
    const cached = await test.auth.api.getSession({ headers });
    expect(cached === null).toBe(mode !== "cookie cache"); // what an ordinary look-up would have said
    expect(await knock({ origin: ORIGIN, cookie: fay.cookie })).toBe(401);
  });
});

describe("credentials", () => {
  let test: TestAuth;
  let ada: Person;
  const knock = (headers: Record<string, string>, url?: string) =>
    answerOf(betterAuthAuthenticator(test.auth, { logger: quiet }).authenticate(upgrade(headers, url)));

  beforeAll(async () => {
    test = await createTestAuth();
    ada = await test.people.signUp("ada");
  });
  afterAll(() => test.close());

  it("A5: answers 403 to a cookie without Origin", async () => {
    expect(await knock({ cookie: ada.cookie })).toBe(403);
  });

  it("A5: does not count a cookie beside a bearer token that means nothing", async () => {
    expect(await knock({ cookie: ada.cookie, authorization: "Bearer nothing" })).toBe(401);
  });

  it("A6: lets a bearer token in without Origin, and with a trusted one", async () => {
    expect(await knock({ authorization: `Bearer ${ada.token}` })).toBe(101);
    expect(await knock({ authorization: `Bearer ${ada.token}`, origin: ORIGIN })).toBe(101);
    expect(await knock({ authorization: `Bearer ${ada.token}`, origin: "https://evil.com" })).toBe(403);
  });

  it("wants an Origin from everyone when allowMissingOrigin is false", async () => {
    const door = betterAuthAuthenticator(test.auth, { allowMissingOrigin: false, logger: quiet });
    const bearer = { authorization: `Bearer ${ada.token}` };
    expect(await answerOf(door.authenticate(upgrade(bearer)))).toBe(403);
    expect(await answerOf(door.authenticate(upgrade({ ...bearer, origin: ORIGIN })))).toBe(101);
  });

  it("answers a plain GET of the same origin, which carries no Origin", async () => {
    const door = betterAuthAuthenticator(test.auth, { logger: quiet });
    expect(await answerOf(door.authenticate(probe({ cookie: ada.cookie })))).toBe(101);
    expect(
      await answerOf(door.authenticate(probe({ cookie: ada.cookie, "sec-fetch-site": "same-origin" }))),
    ).toBe(101);
    expect(
      await answerOf(door.authenticate(probe({ cookie: ada.cookie, "sec-fetch-site": "cross-site" }))),
    ).toBe(403);
    expect(await answerOf(door.authenticate(probe({})))).toBe(401);
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
    expect(await knock({ origin: ORIGIN, cookie })).toBe(401);
  });

  it("A12: takes the first of two cookies of one name", async () => {
    const other = "__Secure-better-auth.session_token=junk";
    expect(await knock({ origin: ORIGIN, cookie: `${ada.cookie}; ${other}` })).toBe(101);
    expect(await knock({ origin: ORIGIN, cookie: `${other}; ${ada.cookie}` })).toBe(401);
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
    expect(await knock({ authorization })).toBe(401);
    expect(await knock({ authorization, origin: ORIGIN })).toBe(401);
  });

  it.each(["/ws?ticket=abc", "/ws?c=1&token=abc", "//?access_token=x", "/ws?%74oken=abc"])(
    "A20: refuses a secret in the URL %s",
    async (url) => {
      expect(await knock({ origin: ORIGIN, cookie: ada.cookie }, url)).toBe(403);
    },
  );

  it.each(["//evil.com/ws", "http://evil.com/ws", "//", "*", "/ws%00", "/ws?%"])(
    "A7: does not look at the request target %s",
    async (url) => {
      expect(await knock({ origin: ORIGIN, cookie: ada.cookie }, url)).toBe(101);
      expect(await knock({ origin: "https://evil.com", cookie: ada.cookie, host: "evil.com" }, url)).toBe(
        403,
      );
    },
  );
});

describe("A17: a store that does not answer", () => {
  it("is unavailable, not a refusal, and says when to come back", async () => {
    const test = await createTestAuth();
    const ada = await test.people.signUp("ada");
    test.closeDatabase();
    const door = betterAuthAuthenticator(test.auth, {
      retryAfterMs: 1_000,
      clock: { ...systemClock, random: () => 0.5 },
    });
    const pending = door.authenticate(upgrade({ origin: ORIGIN, cookie: ada.cookie }));
    await expect(pending).rejects.toMatchObject({ code: "unavailable", retryAfterMs: 1_500 });
    test.close();
  });

  it("is unavailable when Better Auth cannot start", async () => {
    const test = await createTestAuth();
    const $context = Promise.reject(new Error("no secret"));
    const door = betterAuthAuthenticator({ ...test.auth, $context });
    expect(await answerOf(door.authenticate(upgrade({ origin: ORIGIN })))).toBe(503);
    test.close();
  });
});

it("says at once when it is given something else than Better Auth", () => {
  const nothing = {
    $Infer: { Session: { user: { id: "" }, session: { id: "" } } },
    $context: Promise.resolve(),
  };
  expect(() => betterAuthAuthenticator(nothing)).toThrow(TypeError);
});

/** A secondary storage would have dropped the entry; it may lag behind. */
function expireInStorage(test: TestAuth, token: string): void {
  const entry = JSON.parse(test.secondary.get(token) ?? "") as { session: object };
  const session = { ...entry.session, expiresAt: new Date(Date.now() - 1) };
  test.secondary.set(token, JSON.stringify({ ...entry, session }));
}

describe("a page that asks why it was refused", () => {
  it("may read the answer where Better Auth trusts its origin, and nowhere else", async () => {
    const test = await createTestAuth();
    const door = betterAuthAuthenticator(test.auth, { logger: quiet });
    expect(await door.trustsOrigin?.(ORIGIN, probe({ origin: ORIGIN }))).toBe(true);
    expect(await door.trustsOrigin?.("https://evil.com", probe({ origin: "https://evil.com" }))).toBe(false);
    test.close();
  });
});
