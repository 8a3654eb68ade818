// The quick start of the README, which is examples/minimal: from two files to two tabs that talk.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { expect, inject, it } from "vitest";
import { collectPageErrors, launchChromium } from "../support/chromium.ts";
import { POLL } from "../support/wait.ts";
import { Project } from "./project.ts";
import { RecipeApp } from "./recipe-app.ts";
import { writeRecipe } from "./recipe-files.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const files = {
  "server.js": read("examples/minimal/server.js"),
  "index.html": read("examples/minimal/index.html"),
};

it("the quick start of the README is examples/minimal, which has no other file [14.6]", () => {
  const readme = read("README.md");
  expect(readme).toContain(`\`server.js\`:\n\n\`\`\`js\n${files["server.js"]}\`\`\``);
  expect(readme).toContain(`\`index.html\`:\n\n\`\`\`html\n${files["index.html"]}\`\`\``);
  const names = readdirSync(join(ROOT, "examples/minimal")).filter((name) => name !== "node_modules");
  expect(names.sort()).toEqual(["index.html", "package.json", "server.js"]);
});

it("two tabs of the quick start talk, also over a restart of the server [14.6]", async () => {
  const directory = writeRecipe(new Project(inject("packedDirectory")), "minimal", files);
  const app = await RecipeApp.start({ directory, entry: "server.js" });
  const browser = await launchChromium();
  try {
    const context = await browser.newContext();
    const [ada, adaErrors] = await open(context, app.address, "Ada");
    const [bob, bobErrors] = await open(context, app.address, "Bob");
    await expect.poll(() => ada.locator("#users").innerText(), POLL).toBe("Ada, Bob");
    await say(ada, "hello");
    await shows(ada, "Ada: hello");
    await shows(bob, "Ada: hello");
    await say(bob, "hi");
    await shows(ada, "Ada: hello", "Bob: hi");
    expect([...adaErrors, ...bobErrors]).toEqual([]);

    await app.stop();
    await expect.poll(() => ada.locator("#state").innerText(), POLL).toBe("waiting");
    await say(ada, "still here");
    await app.start();
    await shows(ada, "Ada: hello", "Bob: hi", "Ada: still here");
    await expect.poll(() => bob.locator("#state").innerText(), POLL).toBe("open");
    await say(ada, "and you?");
    await expect.poll(() => bob.locator("li").allInnerTexts(), POLL).toContain("Ada: and you?");
    await app.stop();
  } finally {
    await browser.close();
    await app.kill();
  }
});

/** A tab whose user has given a name. */
async function open(context: BrowserContext, url: string, name: string): Promise<[Page, readonly string[]]> {
  const page = await context.newPage();
  page.on("dialog", (dialog) => void dialog.accept(name));
  const pageErrors = collectPageErrors(page);
  await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  await page.goto(url);
  await expect.poll(() => page.locator("#state").innerText(), POLL).toBe("open");
  return [page, pageErrors];
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button").click();
}

async function shows(page: Page, ...texts: readonly string[]): Promise<void> {
  await expect.poll(() => page.locator("li").allInnerTexts(), POLL).toEqual(texts);
}
