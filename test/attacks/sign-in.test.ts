import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import type { SignedInUser } from "../support/users.ts";
import { ORIGIN } from "../support/test-app.ts";
import { until } from "../support/wait.ts";
import { describeAttacks } from "./support/attacked-app.ts";
import type { AttackedApp } from "./support/attacked-app.ts";

type Headers = Readonly<Record<string, string>>;

/** The status of an upgrade with these headers. */
async function statusOf(app: AttackedApp, headers: Headers, target = "/ws"): Promise<number> {
  return (await handshake({ port: app.port, target, headers: Object.entries(headers) })).status;
}

/** A ticket for connections from the application's own origin. */
async function ticketOf(app: AttackedApp, user: SignedInUser): Promise<string> {
  const response = await app.users.post("halyard/ticket", {}, user);
  return ((await response.json()) as { ticket: string }).ticket;
}

/** A ticket of a native client, which has a bearer token and no origin. */
async function nativeTicketOf(app: AttackedApp, { token }: SignedInUser): Promise<string> {
  const url = `http://127.0.0.1:${String(app.port)}/api/auth/halyard/ticket`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: "{}" });
  return ((await response.json()) as { ticket: string }).ticket;
}

const offer = (ticket: string): Headers => ({
  "Sec-WebSocket-Protocol": `halyard.v1, halyard.ticket.${ticket}`,
});

describeAttacks("A: upgrades with sessions", { betterAuth: {} }, (app) => {
  it.each([
    ["A1", "https://evil.com"],
    ["A2", "null"],
    ["A3", "http://app.test.evil.com"],
    ["A3", "http://evilapp.test"],
    ["A3", "http://app.test@evil.com"],
    ["A3", "http://user@app.test"],
    ["A4", "https://app.test"],
    ["A4", "http://app.test:8080"],
    ["A4", "//app.test"],
    ["A4", "/"],
    ["A4", "file://"],
    ["A4", ""],
  ])("%s: the origin %j is rejected with 403 despite a valid session", async (_row, origin) => {
    const { cookie } = await app.users.signUp();
    expect(await statusOf(app, { Origin: origin, Cookie: cookie })).toBe(403);
  });

  it("A5: a cookie without an origin is rejected with 403", async () => {
    const { cookie } = await app.users.signUp();
    expect(await statusOf(app, { Cookie: cookie })).toBe(403);
  });

  it("A6: a bearer token or a ticket needs no origin", async () => {
    const user = await app.users.signUp();
    expect(await statusOf(app, { Authorization: `Bearer ${user.token}` })).toBe(101);
    expect(await statusOf(app, offer(await nativeTicketOf(app, user)))).toBe(101);
  });

  it.each([
    "%",
    "better-auth.session_token=%E0%A4%A",
    `better-auth.session_token=${"x".repeat(8_000)}`,
    "__proto__=1",
    Array.from({ length: 200 }, (_, n) => `c${String(n)}=1`).join("; "),
  ])("A12: the invalid cookie %.40s is rejected with 401", async (cookie) => {
    expect(await statusOf(app, { Origin: ORIGIN, Cookie: cookie })).toBe(401);
  });

  it("A12: the first of two cookies with the same name counts", async () => {
    const { cookie } = await app.users.signUp();
    const junk = cookie.replace(/=.*/, "=junk");
    expect(await statusOf(app, { Origin: ORIGIN, Cookie: `${junk}; ${cookie}` })).toBe(401);
    expect(await statusOf(app, { Origin: ORIGIN, Cookie: `${cookie}; ${junk}` })).toBe(101);
  });

  it.each(["Bearer", "Bearer a.b.c", `Bearer ${"x".repeat(8_000)}`, "Bearer %E0%A4%A.x", "Basic YTpi"])(
    "A13: the authorization %.30j is rejected with 401",
    async (authorization) => {
      expect(await statusOf(app, { Origin: ORIGIN, Authorization: authorization })).toBe(401);
    },
  );

  it("A14: a cookie with a tampered signature is rejected with 401", async () => {
    const { cookie } = await app.users.signUp();
    const tampered = cookie.replace(/(\.)(.)([^;]{6})/, (_all, dot: string, sign: string, rest: string) =>
      [dot, sign === "A" ? "B" : "A", rest].join(""),
    );
    expect(tampered).not.toBe(cookie);
    expect(await statusOf(app, { Origin: ORIGIN, Cookie: tampered })).toBe(401);
  });

  it("A15: an expired or deleted session is rejected with 401, and a banned user with 403", async () => {
    const [ada, bea, eve] = [await app.users.signUp(), await app.users.signUp(), await app.users.signUp()];
    await app.command("expireSession", { token: ada.token, at: Date.now() - 1 });
    await app.command("forgetSession", { token: bea.token });
    await app.command("ban", { userId: eve.id });
    const statusFor = ({ cookie }: SignedInUser) => statusOf(app, { Origin: ORIGIN, Cookie: cookie });
    expect([await statusFor(ada), await statusFor(bea), await statusFor(eve)]).toEqual([401, 401, 403]);
  });

  it("A18: of eight uses of a ticket at once exactly one is accepted, and none afterwards", async () => {
    const ticket = await ticketOf(app, await app.users.signUp());
    const use = () => statusOf(app, { ...offer(ticket), Origin: ORIGIN });
    const statuses = await Promise.all(Array.from({ length: 8 }, use));
    expect(statuses.sort()).toEqual([101, ...Array<number>(7).fill(401)]);
    expect(await use()).toBe(401);
  });

  it("A19: a ticket beside another user's cookie, from another origin, or made up is rejected", async () => {
    const [ada, eve] = [await app.users.signUp(), await app.users.signUp()];
    const of = async () => offer(await ticketOf(app, ada));
    expect(await statusOf(app, { ...(await of()), Origin: ORIGIN, Cookie: eve.cookie })).toBe(401);
    expect(await statusOf(app, { ...(await of()), Origin: "https://evil.com" })).toBe(403);
    expect(await statusOf(app, { ...offer("bWFkZSB1cA"), Origin: ORIGIN })).toBe(401);
  });

  it("A20: a ticket or token in the URL is rejected, and appears in neither log nor events", async () => {
    const user = await app.users.signUp();
    const ticket = await ticketOf(app, user);
    for (const target of [`/ws?ticket=${ticket}`, `/ws?token=${user.token}`]) {
      expect(await statusOf(app, { Origin: ORIGIN, Cookie: user.cookie }, target)).toBe(403);
    }
    const output = JSON.stringify([await app.command("log"), await app.events()]);
    for (const secret of [ticket, user.token, user.cookie]) expect(output).not.toContain(secret);
  });
});

describeAttacks("A: upgrades with a cookie cache", { betterAuth: { mode: "cookie cache" } }, (app) => {
  it("A16: a revoked session is rejected with 401, whatever its cached cookie says", async () => {
    const ada = await app.users.signUp();
    expect(await statusOf(app, { Origin: ORIGIN, Cookie: ada.cookie })).toBe(101);
    await app.users.post("sign-out", {}, ada);
    expect(await statusOf(app, { Origin: ORIGIN, Cookie: ada.cookie })).toBe(401);
  });
});

describeAttacks("A: upgrades without a session store", { betterAuth: {} }, (app) => {
  it("A17: an upgrade without a session store gets 503 with Retry-After, and open connections stay open", async () => {
    const ada = await app.users.signUp();
    const client = await app.users.plain(ada);
    await app.command("closeDatabase");
    const headers = Object.entries({ Origin: ORIGIN, Cookie: ada.cookie });
    const answer = await handshake({ port: app.port, headers });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    await client.sync();
    const reason = async () => (await app.events("upgrade_refused")).at(-1)?.reason;
    await until("the event", async () => (await reason()) === "unavailable");
  });
});
