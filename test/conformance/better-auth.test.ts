import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import { People } from "../support/people.ts";
import { Refused } from "../support/raw-client.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";

onEachRuntime("with real Better Auth, a connection", { betterAuth: {} }, (app) => {
  const people = new People(app);

  it("is refused with 401 without a session, and with a cookie that was tampered with", async () => {
    expect(await status(app, {})).toBe(401);
    expect(await status(app, { Origin: ORIGIN })).toBe(401);
    const { cookie } = await people.signUp("ada");
    expect(await status(app, { Origin: ORIGIN, Cookie: cookie.replace(/=(.)/, "=x$1") })).toBe(401);
  });

  it("is refused with 403 from a foreign origin, and with a cookie but no origin", async () => {
    const { cookie } = await people.signUp("bea");
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
    const { cookie, id } = await people.signUp("cid");
    const client = await app.open(id, { headers: { cookie } });
    const welcome = await client.take();
    expect(welcome).toMatchObject({ type: "welcome", user: { userId: id, name: "cid" } });
    expect(JSON.stringify(welcome)).not.toContain("@example.test");
    expect(await client.take()).toMatchObject({ type: "user_list", users: [{ userId: id }] });
  });

  it("is told of by a plain GET: 426 with a session, 401 without", async () => {
    const { cookie } = await people.signUp("dan");
    expect(await status(app, { Origin: ORIGIN, Cookie: cookie }, true)).toBe(426);
    expect(await status(app, { Origin: ORIGIN }, true)).toBe(401);
  });

  it("is refused with 401 after signing out", async () => {
    const eve = await people.signUp("eve");
    await people.post("sign-out", {}, eve);
    await expect(people.plain(eve)).rejects.toEqual(new Refused(401));
  });

  it("is one user on two devices with two sessions", async () => {
    const first = await people.signUp("fay");
    const devices = [first, await people.signIn("fay")];
    const tabs = await Promise.all(devices.map((device) => people.plain(device)));
    for (const tab of tabs) expect((await tab.seen("user_list"))["total"]).toBe(1);
    expect(await app.command("user", { userId: first.id })).toMatchObject({ connections: 2 });
  });
});

async function status(
  app: TestApp,
  headers: Readonly<Record<string, string>>,
  plain = false,
): Promise<number> {
  return (await handshake({ port: app.port, plain, headers: Object.entries(headers) })).status;
}
