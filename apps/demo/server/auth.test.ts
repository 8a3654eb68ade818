import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAuth, prepareAccounts } from "./auth.ts";
import { readConfig } from "./config.ts";
import { openDatabase } from "./database.ts";

let folder: string;
const closers: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "halyard-demo-auth-"));
});

afterEach(() => {
  for (const close of closers.splice(0)) close();
  rmSync(folder, { recursive: true });
});

interface User {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}

/** A door with a real database behind it; called twice, it is the same door after a restart. */
async function openDoor(env: Record<string, string> = {}) {
  const config = readConfig({ DATABASE: join(folder, "demo.db"), ...env }, folder);
  const database = await openDatabase(config.databasePath);
  closers.push(() => database.close());
  const auth = createAuth(config, database);
  await prepareAccounts(auth, config, database);

  const post = (path: string, body: unknown, origin = config.publicOrigin) => {
    const headers = { "content-type": "application/json", origin };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return auth.handler(new Request(`${config.publicOrigin}/api/auth${path}`, init));
  };
  const whoIs = async (entered: Response) => {
    const cookie = entered.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    const session = await auth.api.getSession({ headers: new Headers({ cookie }) });
    return session?.user as User | undefined;
  };
  return {
    post,
    guest: async (name: string) =>
      whoIs(await post(`/sign-in/anonymous?name=${encodeURIComponent(name)}`, {})),
    signUp: async (name: string) =>
      whoIs(await post("/sign-up/email", { name, email: `${name}@example.com`, password: "correct horse" })),
    signIn: async (name: string) =>
      whoIs(await post("/sign-in/email", { email: `${name}@example.com`, password: "correct horse" })),
  };
}

describe("the door", () => {
  test("lets a guest in under the name they give, without invisible characters", async () => {
    const door = await openDoor();
    expect(await door.guest("  Grace\u202e  Hopper ")).toMatchObject({ name: "Grace Hopper", role: "user" });
    expect(await door.guest("")).toMatchObject({ name: "Guest" });
  });

  test("knows an account again after a restart", async () => {
    const before = await (await openDoor()).signUp("ada");
    const after = await (await openDoor()).signIn("ada");
    expect(after?.id).toBe(before?.id);
  });

  test("refuses an account without a name", async () => {
    const door = await openDoor();
    const account = { email: "a@example.com", password: "correct horse" };
    expect((await door.post("/sign-up/email", { ...account, name: "\u200b" })).status).toBe(400);
  });

  test("sets cookies that no script reads and no foreign page sends, and only over TLS where there is TLS", async () => {
    const account = { name: "ada", email: "ada@example.com", password: "correct horse" };
    const cookiesOf = async (env: Record<string, string>) =>
      (await (await openDoor(env)).post("/sign-up/email", account)).headers.getSetCookie();
    const plain = await cookiesOf({});
    const secure = await cookiesOf({
      BETTER_AUTH_URL: "https://chat.example",
      DATABASE: join(folder, "tls.db"),
    });
    for (const line of [...plain, ...secure]) expect(line).toMatch(/; Path=\/; HttpOnly;.* SameSite=Lax/);
    expect(plain).toEqual([expect.stringMatching(/^halyard-demo\.session_token=/)]);
    expect(secure).toEqual([expect.stringMatching(/^__Secure-halyard-demo\.session_token=.*; Secure;/)]);
  });

  test("refuses a foreign page", async () => {
    const door = await openDoor();
    const account = { name: "a", email: "a@example.com", password: "correct horse" };
    const cookie = await door.post("/sign-in/email", account, "http://evil.example");
    expect(cookie.status).toBe(403);
  });
});

describe("the admin", () => {
  test("is the first account where only this machine can come in, and never a guest", async () => {
    const door = await openDoor();
    expect(await door.guest("guest")).toMatchObject({ role: "user" });
    expect(await door.signUp("ada")).toMatchObject({ role: "admin" });
    expect(await door.signUp("bob")).toMatchObject({ role: "user" });
  });

  test("is nobody where strangers can come in", async () => {
    const door = await openDoor({ HOST: "0.0.0.0" });
    expect(await door.signUp("ada")).toMatchObject({ role: "user" });
  });

  test("is the account of ADMIN_EMAIL, once it exists when the server starts", async () => {
    const env = { HOST: "0.0.0.0", ADMIN_EMAIL: "Bob@Example.com" };
    const door = await openDoor(env);
    await door.signUp("ada");
    expect(await door.signUp("bob")).toMatchObject({ role: "user" });
    const restarted = await openDoor(env);
    expect(await restarted.signIn("bob")).toMatchObject({ role: "admin" });
    expect(await restarted.signIn("ada")).toMatchObject({ role: "user" });
  });

  test("cannot be chosen by whoever signs up", async () => {
    const door = await openDoor({ HOST: "0.0.0.0" });
    const account = { name: "eve", email: "eve@example.com", password: "correct horse", role: "admin" };
    await door.post("/sign-up/email", account);
    expect(await door.signIn("eve")).not.toMatchObject({ role: "admin" });
  });
});
