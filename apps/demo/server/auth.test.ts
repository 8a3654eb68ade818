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

function cookieOf(response: Response): string {
  const lines = response.headers.getSetCookie();
  return lines.map((line) => line.split(";")[0]).join("; ");
}

/** Creates Better Auth on a database file. A second call opens the same file, as a restart does. */
async function startAuth(env: Record<string, string> = {}) {
  const config = readConfig({ DATABASE: join(folder, "demo.db"), ...env }, folder);
  const database = await openDatabase(config.databasePath);
  closers.push(() => database.close());
  const instance = createAuth(config, database);
  await prepareAccounts(instance, config, database);

  const post = (path: string, body: unknown, origin = config.publicOrigin, signIn?: Response) => {
    const cookie = signIn === undefined ? "" : cookieOf(signIn);
    const headers = { "content-type": "application/json", origin, cookie };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return instance.handler(new Request(`${config.publicOrigin}/api/auth${path}`, init));
  };
  const userOf = async (response: Response) => {
    const session = await instance.api.getSession({ headers: new Headers({ cookie: cookieOf(response) }) });
    return session?.user as User | undefined;
  };
  return {
    post,
    guest: async (name: string) =>
      userOf(await post(`/sign-in/anonymous?name=${encodeURIComponent(name)}`, {})),
    signUp: async (name: string) =>
      userOf(await post("/sign-up/email", { name, email: `${name}@example.com`, password: "correct horse" })),
    signIn: async (name: string) =>
      userOf(await post("/sign-in/email", { email: `${name}@example.com`, password: "correct horse" })),
  };
}

describe("sign-in", () => {
  test("gives a guest the chosen name without invisible characters, or the name Guest", async () => {
    const auth = await startAuth();
    expect(await auth.guest("  Grace\u202e  Hopper ")).toMatchObject({ name: "Grace Hopper", role: "user" });
    expect(await auth.guest("")).toMatchObject({ name: "Guest" });
  });

  test("signs an account in after a restart", async () => {
    const before = await (await startAuth()).signUp("ada");
    const after = await (await startAuth()).signIn("ada");
    expect(after?.id).toBe(before?.id);
  });

  test("rejects an account without a name", async () => {
    const auth = await startAuth();
    const account = { email: "a@example.com", password: "correct horse" };
    expect((await auth.post("/sign-up/email", { ...account, name: "\u200b" })).status).toBe(400);
  });

  test("[demo 9] gives the name of an account to no guest and to no other account, however it is written", async () => {
    const auth = await startAuth();
    await auth.signUp("Ada");
    for (const name of [
      "Ada",
      "ada",
      " A d a ",
      "\u00c1da",
      "A\u200bda",
      "\uff21da",
      "a.d.a",
      "\u0410d\u0430",
    ]) {
      const answer = await auth.post(`/sign-in/anonymous?name=${encodeURIComponent(name)}`, {});
      expect(answer.status, name).toBe(400);
      expect(await answer.json()).toMatchObject({
        message: "An account has this name. Please choose another one.",
      });
    }
    const account = { name: "ADA", email: "other@example.com", password: "correct horse" };
    expect((await auth.post("/sign-up/email", account)).status).toBe(400);
    expect(await auth.guest("Adam")).toMatchObject({ name: "Adam" });
    expect(await auth.guest("Adam")).toMatchObject({ name: "Adam" });
  });

  test("[demo 9] a guest cannot be renamed to the name of an account, and an account keeps its own", async () => {
    const auth = await startAuth();
    const ada = await auth.post("/sign-up/email", {
      name: "Ada",
      email: "ada@example.com",
      password: "correct horse",
    });
    const guest = await auth.post("/sign-in/anonymous?name=Eve", {});
    expect((await auth.post("/update-user", { name: "ada" }, undefined, guest)).status).toBe(400);
    expect((await auth.post("/update-user", { name: "Ada" }, undefined, ada)).status).toBe(200);
  });

  test("sets cookies that are HttpOnly and SameSite, and also Secure behind TLS", async () => {
    const account = { name: "ada", email: "ada@example.com", password: "correct horse" };
    const cookiesOf = async (env: Record<string, string>) =>
      (await (await startAuth(env)).post("/sign-up/email", account)).headers.getSetCookie();
    const plain = await cookiesOf({});
    const secure = await cookiesOf({
      BETTER_AUTH_URL: "https://chat.example",
      DATABASE: join(folder, "tls.db"),
    });
    for (const line of [...plain, ...secure]) expect(line).toMatch(/; Path=\/; HttpOnly;.* SameSite=Lax/);
    expect(plain).toEqual([expect.stringMatching(/^halyard-demo\.session_token=/)]);
    expect(secure).toEqual([expect.stringMatching(/^__Secure-halyard-demo\.session_token=.*; Secure;/)]);
  });

  test("answers 403 to a page of a foreign origin", async () => {
    const auth = await startAuth();
    const account = { name: "a", email: "a@example.com", password: "correct horse" };
    const cookie = await auth.post("/sign-in/email", account, "http://evil.example");
    expect(cookie.status).toBe(403);
  });
});

describe("the admin role", () => {
  test("makes the first account of a local server the admin, and never a guest", async () => {
    const auth = await startAuth();
    expect(await auth.guest("guest")).toMatchObject({ role: "user" });
    expect(await auth.signUp("ada")).toMatchObject({ role: "admin" });
    expect(await auth.signUp("bob")).toMatchObject({ role: "user" });
  });

  test("makes no account admin on a server that other machines can reach", async () => {
    const auth = await startAuth({ HOST: "0.0.0.0" });
    expect(await auth.signUp("ada")).toMatchObject({ role: "user" });
  });

  test("makes the account of ADMIN_EMAIL admin at a restart of the server", async () => {
    const env = { HOST: "0.0.0.0", ADMIN_EMAIL: "Bob@Example.com" };
    const auth = await startAuth(env);
    await auth.signUp("ada");
    expect(await auth.signUp("bob")).toMatchObject({ role: "user" });
    const restarted = await startAuth(env);
    expect(await restarted.signIn("bob")).toMatchObject({ role: "admin" });
    expect(await restarted.signIn("ada")).toMatchObject({ role: "user" });
  });

  test("ignores a role that a sign-up chooses", async () => {
    const auth = await startAuth({ HOST: "0.0.0.0" });
    const account = { name: "eve", email: "eve@example.com", password: "correct horse", role: "admin" };
    await auth.post("/sign-up/email", account);
    expect(await auth.signIn("eve")).not.toMatchObject({ role: "admin" });
  });
});
