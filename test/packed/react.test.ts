// Pages of @halyard/react as their developers see them: on Vite's dev server with its replacement of modules, and on the app router of
// Next.js.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { findFreePort } from "../../scripts/free-port.ts";
import { collectPageErrors, launchChromium } from "../support/chromium.ts";
import { IS_LONG } from "../support/long-run.ts";
import { POLL } from "../support/wait.ts";
import { ChatServer } from "./chat-server.ts";
import { Project } from "./project.ts";
import { programOf, RecipeApp } from "./recipe-app.ts";

const project = new Project(inject("packedDirectory"));
const viteDirectory = join(project.directory, "react-vite");
const nextDirectory = join(project.directory, "react-next");

describe("pages of @halyard/react", () => {
  let browser: Browser;
  let chat: ChatServer;
  let app: RecipeApp | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => browser.close());
  beforeEach(async () => {
    chat = await ChatServer.start();
  });
  afterEach(async () => {
    await app?.kill("SIGTERM");
    await chat.close();
  });

  it("a page under StrictMode has one socket, also after Vite has replaced the module that makes the client, and a component", async () => {
    app = await startVite(chat);
    const { page, pageErrors } = await open(browser, app.address);
    await shows(page, "Edition 1, open");
    await sayHello(page, "hello from 1, delivered");
    await hasConnected(1);
    await page.evaluate("window.isFirstLoad = true");

    change("halyard.ts", "edition = 1", "edition = 2");
    await shows(page, "Edition 2, open");
    await sayHello(page, "hello from 2, delivered");
    await hasConnected(2);

    change("app.tsx", "Edition {", "Version {");
    await shows(page, "Version 2, open");
    await sayHello(page, "hello from 2, delivered");
    await hasConnected(2);
    expect(await page.evaluate("window.isFirstLoad")).toBe(true);
    expect(pageErrors).toEqual([]);
  });

  it("a page of Next.js's app router opens no socket on the server, and hydrates without a warning", async () => {
    app = await startNext(chat, "dev");
    await rendersAndHydrates(app);
  });

  if (IS_LONG)
    it("a page of Next.js's app router that is rendered by its build opens no socket then, and hydrates", async () => {
      const env = { NEXT_TELEMETRY_DISABLED: "1", NEXT_PUBLIC_SERVER: chat.url };
      const next = programOf(project, "next/dist/bin/next");
      await project.run(process.execPath, { cwd: nextDirectory, env }, next, "build");
      expect(chat.sockets).toBe(0);
      app = await startNext(chat, "start");
      await rendersAndHydrates(app);
    });

  /** The page has one open socket, and has opened so many until now. */
  async function hasConnected(times: number): Promise<void> {
    await expect.poll(() => chat.open, POLL).toBe(1);
    expect(chat.sockets).toBe(times);
  }

  async function rendersAndHydrates({ address, output }: RecipeApp): Promise<void> {
    const html = await (await fetch(address)).text();
    expect(html.replaceAll("<!-- -->", "")).toContain("<h1>connecting, joining, 0 here</h1>");
    expect(html).toContain("<li>from the server</li>");
    expect(chat.sockets).toBe(0);

    const { page, pageErrors } = await open(browser, address);
    await shows(page, "open, joined, 1 here");
    await sayHello(page, "hello");
    expect(await page.locator("li").allInnerTexts()).toEqual(["from the server", "hello"]);
    await hasConnected(1);
    expect(pageErrors).toEqual([]);
    expect(output).not.toMatch(/warn|error/i);
  }
});

async function startVite({ url }: ChatServer): Promise<RecipeApp> {
  const port = await findFreePort();
  const entry = programOf(project, "vite/bin/vite.js");
  const args = ["--port", String(port), "--strictPort"];
  return RecipeApp.start({ directory: viteDirectory, entry, args, env: { VITE_SERVER: url }, port });
}

async function startNext({ url }: ChatServer, command: "dev" | "start"): Promise<RecipeApp> {
  const entry = programOf(project, "next/dist/bin/next");
  return RecipeApp.start({
    directory: nextDirectory,
    entry,
    args: [command],
    env: { NEXT_PUBLIC_SERVER: url },
  });
}

async function open(browser: Browser, address: string): Promise<{ page: Page; pageErrors: string[] }> {
  const page = await browser.newPage();
  const pageErrors = collectPageErrors(page);
  await page.goto(address);
  return { page, pageErrors };
}

async function shows(page: Page, heading: string): Promise<void> {
  await expect.poll(() => page.locator("h1").innerText(), POLL).toBe(heading);
}

async function sayHello(page: Page, line: string): Promise<void> {
  await page.getByRole("button", { name: "Say hello" }).click();
  await expect.poll(() => page.locator("li").last().innerText(), POLL).toBe(line);
}

function change(name: string, from: string, to: string): void {
  const file = join(viteDirectory, name);
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}
