// The recipes of the server's README for sign-ins that are not Better Auth's, with the real libraries.
import { encode } from "@auth/core/jwt";
import { SignJWT } from "jose";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { Program } from "../support/program.ts";
import { RawClient, UpgradeRejected } from "../support/raw-client.ts";

const RECIPES = join(import.meta.dirname, "../fixtures/recipes");
const README = readFileSync(join(import.meta.dirname, "../../packages/server/README.md"), "utf8");
const SECRET = "a secret of at least thirty-two bytes";

const jwt = async (secret: string) =>
  new SignJWT({ name: "Ada" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ada")
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));
const authJs = async (secret: string) =>
  encode({ token: { sub: "ada", name: "Ada" }, secret, salt: "authjs.session-token" });

/** The cookie of a signed-in user, and one that looks like it. */
type Cookies = (port: string) => Promise<readonly [right: string, wrong: string]>;

const signIn: Cookies = async (port) => {
  const { headers } = await fetch(`http://127.0.0.1:${port}/sign-in`);
  const [cookie = ""] = headers.getSetCookie().map((set) => set.split(";")[0]);
  return [cookie, cookie.replace(/.$/, (last) => (last === "a" ? "b" : "a"))];
};

interface Case {
  readonly recipe: string;
  readonly runtimes: readonly Runtime[];
  readonly cookies: Cookies;
}

const CASES: readonly Case[] = [
  {
    recipe: "jwt",
    runtimes: ["node", "bun"],
    cookies: async () => [
      `token=${await jwt(SECRET)}`,
      `token=${await jwt("another secret, as long as the first")}`,
    ],
  },
  { recipe: "express-session", runtimes: ["node"], cookies: signIn },
  {
    recipe: "authjs",
    runtimes: ["node", "bun"],
    cookies: async () => [
      `authjs.session-token=${await authJs(SECRET)}`,
      `authjs.session-token=${await authJs("another secret, as long as the first")}`,
    ],
  },
];

const cases = CASES.flatMap(({ runtimes, ...each }) => runtimes.map((runtime) => ({ ...each, runtime })));
describe.each(cases)(
  "the recipe $recipe of the server's README, on $runtime",
  ({ recipe, runtime, cookies }) => {
    let program: Program;
    let port: string;
    beforeAll(async () => {
      const env = { JWT_SECRET: SECRET, SESSION_SECRET: SECRET, AUTH_SECRET: SECRET };
      program = new Program(binaryOf(runtime), ["server.ts", recipe], { cwd: RECIPES, env });
      [port] = await program.prints(/^\d+$/m);
    });
    afterAll(async () => program.end());

    async function connect(cookie: string): Promise<RawClient> {
      const headers = { cookie, origin: `http://127.0.0.1:${port}` };
      return new RawClient({ url: `ws://127.0.0.1:${port}/ws`, headers }).open();
    }

    it("lets in the users that the library has signed in, and no others [s-S8]", async () => {
      const [right, wrong] = await cookies(port);
      const client = await connect(right);
      expect(await client.next("welcome")).toMatchObject({ user: { userId: "ada" } });
      await client.close();
      for (const cookie of [wrong, "other=1"])
        await expect(connect(cookie)).rejects.toEqual(new UpgradeRejected(401));
      expect(program.errors).toBe("");
    });

    it("is in the README as it is run here [s-S8]", () => {
      expect(README).toContain(readFileSync(join(RECIPES, `${recipe}.ts`), "utf8"));
    });
  },
);
