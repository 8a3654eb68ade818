import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import { Users } from "../support/users.ts";
import { UpgradeRejected } from "../support/raw-client.ts";
import { onEachBackplane, ORIGIN } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";

onEachBackplane("connections signed in by Better Auth", { betterAuth: {} }, (app) => {
  const users = new Users(app);

  it("an upgrade without a session or with a tampered cookie is rejected with 401", async () => {
    expect(await status(app, {})).toBe(401);
    expect(await status(app, { Origin: ORIGIN })).toBe(401);
    const { cookie } = await users.signUp("ada");
    expect(await status(app, { Origin: ORIGIN, Cookie: cookie.replace(/=(.)/, "=x$1") })).toBe(401);
  });

  it("an upgrade from a foreign origin, or with a cookie and no origin, is rejected with 403", async () => {
    const { cookie } = await users.signUp("bea");
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

  it("an upgrade with a session gets a welcome with the account's name, then the user list", async () => {
    const { cookie, id } = await users.signUp("cid");
    const client = await app.open(id, { headers: { cookie } });
    const welcome = await client.nextFrame();
    expect(welcome).toMatchObject({ type: "welcome", user: { userId: id, name: "cid" } });
    expect(JSON.stringify(welcome)).not.toContain("@example.test");
    expect(await client.nextFrame()).toMatchObject({ type: "user_list", users: [{ userId: id }] });
  });

  it("a plain GET is answered with 426 with a session and with 401 without one", async () => {
    const { cookie } = await users.signUp("dan");
    expect(await status(app, { Origin: ORIGIN, Cookie: cookie }, true)).toBe(426);
    expect(await status(app, { Origin: ORIGIN }, true)).toBe(401);
  });

  it("an upgrade after sign-out is rejected with 401", async () => {
    const eve = await users.signUp("eve");
    await users.post("sign-out", {}, eve);
    await expect(users.plain(eve)).rejects.toEqual(new UpgradeRejected(401));
  });

  it("two sessions of one account on two devices are one user", async () => {
    const first = await users.signUp("fay");
    const devices = [first, await users.signIn("fay")];
    const tabs = await Promise.all(devices.map((device) => users.plain(device)));
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
