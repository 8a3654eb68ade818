import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { bundle } from "../support/bundle.ts";
import { launchChromium } from "../support/chromium.ts";
import { findFreePort } from "../../scripts/free-port.ts";
import { Program } from "../support/program.ts";
import { compile, COMPILERS, project } from "../support/typescript.ts";
import { POLL, until } from "../support/wait.ts";
import { completed } from "./pages.ts";

/** The file that the page assumes, and the page that loads its client. */
const OWN = {
  "auth.ts": `import { betterAuth } from "better-auth";
    import { getMigrations } from "better-auth/db/migration";
    import { DatabaseSync } from "node:sqlite";
    const [database = ":memory:", baseURL = ""] = process.argv.slice(2);
    const options = {
      database: new DatabaseSync(database),
      baseURL,
      secret: "a secret of the tests, which protects nothing",
      emailAndPassword: { enabled: true },
      telemetry: { enabled: false },
    };
    await (await getMigrations(options)).runMigrations();
    export const auth = betterAuth(options);`,
  "page.ts": `import { receipt } from "./client.ts";
    document.title = receipt.status;`,
};

/** The three blocks as files; `change` may put a mistake into one of them. */
function sources(change = (code: string) => code): Readonly<Record<string, string>> {
  const [protocol = "", server = "", client = ""] = completed("README.md", ["", "", ""]).map(change);
  return {
    ...OWN,
    "protocol.ts": protocol,
    "server.ts": server,
    "client.ts": `${client}\nexport { receipt };`,
  };
}

describe("the code of the README", () => {
  it.each(COMPILERS)("the code of the README compiles with %s", async (compiler) => {
    const directory = project(`readme-${compiler}`, sources());
    expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
  });

  it.each([
    ["client", "{ option: 2 }", '{ option: "two" }', "Type 'string' is not assignable to type 'number'"],
    [
      "server",
      'type: "voted", option,',
      'type: "voted", option: "two",',
      "Type 'string' is not assignable to type 'number'",
    ],
    ["server", "{ option }, { user }", "{ vote }, { user }", "Property 'vote' does not exist"],
    ["server", "by: user.name", "by: user.nickname", "Property 'nickname' does not exist"],
    ["client", "{ option, by }", "{ option, from }", "Property 'from' does not exist"],
  ])("the %s of the README does not compile with %s changed to %s", async (side, right, wrong, message) => {
    const files = sources((code) => code.replace(right, wrong));
    expect(files[`${side}.ts`]).toContain(wrong);
    const { ok, output } = await compile("typescript", project("readme-mistake", files));
    expect(ok).toBe(false);
    expect(output).toContain(message);
    expect(output).toMatch(new RegExp(`^${side}.ts|/${side}.ts`, "m"));
  });
});

describe("the code of the README, run on Node and in Chromium", () => {
  const data = mkdtempSync(join(tmpdir(), "halyard-readme-"));
  let directory: string;
  let origin: string;
  let script: string;
  let server: Program;
  let browser: Browser;

  beforeAll(async () => {
    const port = String(await findFreePort());
    origin = `http://127.0.0.1:${port}`;
    directory = project(
      "readme-run",
      sources((code) => code.replace("3000", port)),
    );
    [script, browser] = await Promise.all([bundle(directory, "page.ts"), launchChromium()]);
    await startServer();
  });
  afterAll(async () => {
    await browser.close();
    await server.end();
    rmSync(data, { recursive: true, force: true });
  });

  it("the browser bundle of the README has no zod", () => {
    expect(script).toContain("halyard.v1");
    expect(script).not.toMatch(/ZodError|\$ZodType|invalid_union/);
  });

  it("a vote is delivered to its sender and to every other tab and user", async () => {
    const ada = await signUp("Ada");
    const first = await openPage(ada);
    await expect.poll(() => first.title(), POLL).toBe("delivered");
    await shows(first, "Ada chose 2");
    const second = await openPage(ada);
    await shows(second, "Ada chose 2");
    await shows(first, "Ada chose 2", "Ada chose 2");
    const other = await openPage(await signUp("Grace"));
    await shows(other, "Grace chose 2");
    await shows(first, "Ada chose 2", "Ada chose 2", "Grace chose 2");
    await shows(second, "Ada chose 2", "Grace chose 2");
  });

  it("a vote that is sent offline is kept and handled once", async () => {
    const context = await signUp("Lin");
    const page = await visit(context);
    await server.end();
    await page.addScriptTag({ type: "module", content: script });
    await startServer();
    await expect.poll(() => page.title(), POLL).toBe("delivered");
    await shows(page, "Lin chose 2");
  });

  it("an upgrade without a session is rejected with 401", async () => {
    const page = await visit(await browser.newContext());
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === "/ws");
    await page.addScriptTag({ type: "module", content: script });
    expect((await answered).status()).toBe(401);
    expect(await page.locator("p").count()).toBe(0);
  });

  async function startServer(): Promise<void> {
    server = new Program(binaryOf("node"), ["server.ts", join(data, "app.db"), origin], { cwd: directory });
    const isUp = async () => (await fetch(`${origin}/api/auth/ok`).catch(() => undefined))?.ok ?? false;
    await until("the README's server to listen", isUp, 20_000);
  }

  async function signUp(name: string): Promise<BrowserContext> {
    const context = await browser.newContext();
    const body = { name, email: `${name.toLowerCase()}@example.com`, password: "correct horse battery" };
    const headers = { origin };
    const response = await context.request.post(`${origin}/api/auth/sign-up/email`, { data: body, headers });
    expect(response.status()).toBe(200);
    return context;
  }

  /** A page of the server's own origin: the README's server has no other page. */
  async function visit(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${origin}/api/auth/ok`);
    return page;
  }

  async function openPage(context: BrowserContext): Promise<Page> {
    const page = await visit(context);
    await page.addScriptTag({ type: "module", content: script });
    return page;
  }

  async function shows(page: Page, ...texts: readonly string[]): Promise<void> {
    await expect.poll(() => page.locator("p").allInnerTexts(), POLL).toEqual(texts);
  }
});
