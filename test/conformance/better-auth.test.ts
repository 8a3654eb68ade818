import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import { Refused } from "../support/raw-client.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";

onEachRuntime("with real Better Auth, a connection", { betterAuth: true }, (app) => {
  it("is refused with 401 without a session, and with a cookie that was tampered with", async () => {
    expect(await status(app, {})).toBe(401);
    expect(await status(app, { Origin: ORIGIN })).toBe(401);
    const { cookie } = await signUp(app, "ada");
    expect(await status(app, { Origin: ORIGIN, Cookie: cookie.replace(/=(.)/, "=x$1") })).toBe(401);
  });

  it("is refused with 403 from a foreign origin, and with a cookie but no origin", async () => {
    const { cookie } = await signUp(app, "bea");
    for (const origin of [
      "http://evil.test",
      "null",
      `${ORIGIN}.evil.test`,
      "https://app.test",
      `${ORIGIN}:81`,
    ]) {
      expect(await status(app, { Origin: origin, Cookie: cookie }), origin).toBe(403);
    }
    expect(await status(app, { Cookie: cookie })).toBe(403);
  });

  it("is let in with its session: welcome with the account's name, then the list", async () => {
    const { cookie, id } = await signUp(app, "cid");
    const client = await app.open(id, { headers: { cookie } });
    const welcome = await client.take();
    expect(welcome).toMatchObject({ type: "welcome", user: { userId: id, name: "cid" } });
    expect(JSON.stringify(welcome)).not.toContain("@example.test");
    expect(await client.take()).toMatchObject({ type: "user_list", users: [{ userId: id }] });
  });

  it("is told of by a plain GET: 426 with a session, 401 without", async () => {
    const { cookie } = await signUp(app, "dan");
    expect(await status(app, { Origin: ORIGIN, Cookie: cookie }, true)).toBe(426);
    expect(await status(app, { Origin: ORIGIN }, true)).toBe(401);
  });

  it("is refused with 401 after signing out", async () => {
    const { cookie, id } = await signUp(app, "eve");
    await post(app, "sign-out", { cookie });
    await expect(app.open(id, { headers: { cookie } })).rejects.toEqual(new Refused(401));
  });

  it("is one user on two devices with two sessions", async () => {
    const first = await signUp(app, "fay");
    const signedIn = await post(app, "sign-in/email", {}, { email: "fay@example.test", password: PASSWORD });
    const tabs = [first.cookie, cookieOf(signedIn)].map(async (cookie) =>
      app.plain(first.id, { headers: { cookie } }),
    );
    for (const tab of await Promise.all(tabs)) expect((await tab.seen("user_list"))["total"]).toBe(1);
    expect(await app.command("user", { userId: first.id })).toMatchObject({ connections: 2 });
  });
});

const PASSWORD = "correct horse battery staple";

async function status(
  app: TestApp,
  headers: Readonly<Record<string, string>>,
  plain = false,
): Promise<number> {
  return (await handshake({ port: app.port, plain, headers: Object.entries(headers) })).status;
}

async function post(
  app: TestApp,
  path: string,
  headers: Record<string, string>,
  body: object = {},
): Promise<Response> {
  const response = await fetch(`http://127.0.0.1:${String(app.port)}/api/auth/${path}`, {
    method: "POST",
    headers: { origin: ORIGIN, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  expect(response.status, path).toBe(200);
  return response;
}

async function signUp(app: TestApp, name: string): Promise<{ readonly cookie: string; readonly id: string }> {
  const account = { name, email: `${name}@example.test`, password: PASSWORD };
  const response = await post(app, "sign-up/email", {}, account);
  const { user } = (await response.json()) as { readonly user: { readonly id: string } };
  return { cookie: cookieOf(response), id: user.id };
}

function cookieOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0] ?? "")
    .join("; ");
}
